import { randomInt } from 'node:crypto';
import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';

/**
 * What becomes of a marker. `person`: it is in the person's own fields, and is to be nowhere. `mention`: it is in a record
 * of somebody else's, or in a note under the workspace's key; people correct it, and it is to be in no read model, index,
 * log or memory, while the history of that record still opens. `passing`: it was refused, or only asked for.
 * `reason`: it is in the words of the request itself, and otherwise as a mention. `left`: what the strategies of an
 * anonymisation leave.
 */
export type Fate = 'person' | 'mention' | 'reason' | 'passing' | 'left';

interface Marker {
  readonly fate: Fate;
  /** Any of them shows the marker: the whole value, and the part of it that is unique. */
  readonly texts: readonly string[];
}

const LETTERS = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ';
const WORD_LETTERS = 18;
const digits = (many: number): string => Array.from({ length: many }, () => randomInt(10)).join('');

/** A word of some 100 bits that stands nowhere else. It is one word to the search, and no name of anything. */
export const newWord = (): string =>
  Array.from({ length: WORD_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('');

const twoDigits = (most: number): string => String(randomInt(1, most + 1)).padStart(2, '0');

/** A value of the form that a field wants, as unique as that form lets it be. */
const valueFor = (path: string): readonly string[] => {
  const word = newWord();
  if (/birthDate$/.test(path)) return [`19${twoDigits(19)}-${twoDigits(12)}-${twoDigits(28)}`];
  if (/phones\.value$/.test(path)) {
    const number = digits(11);
    return [`+49 ${number.slice(0, 4)} ${number.slice(4)}`, number];
  }
  if (/emails\.value$|\.email$/.test(path)) return [`${word}@${word}.example`, word];
  if (/links\.value$/.test(path)) return [`https://${word}.example/${word}`, word];
  if (/domain$/.test(path)) return [`${word}.example`, word];
  return [word];
};

/** Scalars in which nobody writes words. */
const WORDLESS = new Set(['ID', 'Int', 'Float', 'Boolean', 'Date', 'DateTime']);
const isText = (type: GraphQLInputType): boolean => {
  const named = getNamedType(type);
  return isScalarType(named) && !WORDLESS.has(named.name);
};

/** Every place in an argument's type where words can be written, as dotted paths. */
export const textPaths = (type: GraphQLInputType, path: string, inside: readonly string[] = []): string[] => {
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return isText(type) ? [path] : [];
  if (inside.includes(named.name)) return [];
  return Object.values(named.getFields()).flatMap((field) =>
    textPaths(field.type, `${path}.${field.name}`, [...inside, named.name]),
  );
};

/** Every place in the API where words can be written: `Mutation.createContact.input.emails.value`. */
export const allTextPaths = (schema: GraphQLSchema): string[] =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((root) =>
    Object.values(root?.getFields() ?? {}).flatMap((field) =>
      field.args.flatMap((arg) => textPaths(arg.type, `${root!.name}.${field.name}.${arg.name}`)),
    ),
  );

/** The markers of one run: what was written, where it was written, and what is to become of it. */
export class Canary {
  readonly #markers = new Map<string, Marker>();
  /** Places of the API that a marker went through. */
  readonly covered = new Set<string>();

  /** A new marker, for a place that is named. */
  mark(place: string, fate: Fate): string {
    const texts = valueFor(place);
    this.#markers.set(`${place} #${this.#markers.size}`, { fate, texts });
    this.covered.add(place);
    return texts[0]!;
  }

  /** An input with a marker in every place for words but those given; what is no text is left out unless it is given. */
  filled(type: GraphQLInputType, place: string, fate: Fate, given: object = {}): unknown {
    if (isNonNullType(type)) return this.filled(type.ofType, place, fate, given);
    if (isListType(type)) {
      const one = this.filled(type.ofType, place, fate, given);
      return one === undefined ? undefined : [one];
    }
    if (!isInputObjectType(type)) return isText(type) ? this.mark(place, fate) : undefined;
    const entries = Object.values(type.getFields()).map((field) => [
      field.name,
      Object.hasOwn(given, field.name)
        ? (given as Record<string, unknown>)[field.name]
        : this.filled(field.type, `${place}.${field.name}`, fate),
    ]);
    const present = entries.filter(([, value]) => value !== undefined && value !== LEFT_OUT);
    return present.length === 0 ? undefined : Object.fromEntries(present);
  }

  /** Where a text was written, for a failure that can be read. */
  placeOf(text: string): string {
    return [...this.#markers].find(([, { texts }]) => texts.includes(text))?.[0] ?? text;
  }

  /** What has to be looked for to see these markers. */
  texts(...fates: readonly Fate[]): string[] {
    return [...this.#markers.values()].filter(({ fate }) => fates.includes(fate)).flatMap(({ texts }) => texts);
  }

  /** The places whose marker is not among what was seen. */
  unseen(seen: ReadonlySet<string>, ...fates: readonly Fate[]): string[] {
    return [...this.#markers]
      .filter(([, { fate, texts }]) => fates.includes(fate) && !texts.some((text) => seen.has(text)))
      .map(([place]) => place);
  }
}

/** Stands for a place that is to be left out of an input. */
export const LEFT_OUT = Symbol('left out');
