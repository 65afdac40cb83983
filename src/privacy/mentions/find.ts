/** What a person is called and reached by, as their record has it. */
export interface Called {
  readonly name?: {
    readonly givenName?: string | null;
    readonly familyName?: string | null;
    readonly formattedName?: string | null;
  };
  readonly emails?: readonly { readonly value: string }[] | null;
  readonly phones?: readonly { readonly value: string }[] | null;
}

/** A part of a text, in UTF-16 units of it; `to` is the first that is not in it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A text with case, accents and the like set aside; folding twice changes nothing. */
export type Fold = (text: string) => string;

/** Where a text mentions the person, from left to right. */
export type Finder = (text: string) => readonly Span[];

const ASCII = /^[\x00-\x7f]*$/;
/** A character with the marks that it carries. */
const CHARACTER = /[\s\S]\p{M}*/gu;
const WORD = /[\p{L}\p{N}]+/gu;
/** Scripts that are written without spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
/** Between two words of a name: signs and spaces, and one more word at the most (a middle name). */
const GAP = '[^\\p{L}\\p{N}]{1,3}(?:[\\p{L}\\p{N}]{1,20}[^\\p{L}\\p{N}]{1,3})?';
const NARROW_GAP = '[^\\p{L}\\p{N}]{0,3}';
const SEPARATORS = '[\\s().\\/-]{0,3}';
/** Digits at the end of a number by which it is known whatever stands before them: a country's code, an area's. */
const TAIL_DIGITS = 7;
const FEWEST_DIGITS = 5;

const nameForm = (name: string, fold: Fold): string[] => {
  const words = fold(name).match(WORD) ?? [];
  if (words.length === 0) return [];
  if (words.some((word) => UNSPACED.test(word))) return [words.join(NARROW_GAP)];
  return [`(?<![\\p{L}\\p{N}])${words.join(GAP)}(?![\\p{L}\\p{N}])`];
};

const addressForm = (address: string, fold: Fold): string => {
  const exactly = fold(address).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return `(?<![\\p{L}\\p{N}._%+\\-])${exactly}(?![\\p{L}\\p{N}\\-]|\\.[\\p{L}\\p{N}])`;
};

const numberForm = (number: string): string[] => {
  const digits = number.replace(/[^0-9]/g, '');
  if (digits.length < FEWEST_DIGITS) return [];
  const tail = [...digits.slice(-TAIL_DIGITS)].join(SEPARATORS);
  return [`(?<![0-9])\\+?(?:[0-9]${SEPARATORS}){0,9}${tail}(?![0-9])`];
};

/** The whole name in either order; where there is one part alone, that. A nickname is too common to go by. */
const namesOf = ({ name }: Called): string[] => {
  const { givenName, familyName, formattedName } = name ?? {};
  const parts = [givenName, familyName].filter((part) => typeof part === 'string');
  return [parts.join(' '), [...parts].reverse().join(' '), formattedName ?? ''].filter((each) => each !== '');
};

/** Finds a person in texts by their name, addresses and numbers; `null` where they have none. */
export const finderOf = (person: Called, fold: Fold): Finder | null => {
  const forms = [
    ...(person.emails ?? []).map(({ value }) => addressForm(value, fold)),
    ...(person.phones ?? []).flatMap(({ value }) => numberForm(value)),
    ...namesOf(person).flatMap((name) => nameForm(name, fold)),
  ];
  if (forms.length === 0) return null;
  const pattern = new RegExp([...new Set(forms)].join('|'), 'gu');
  return (text) => {
    const { folded, from, to } = withPlaces(text, fold);
    return [...folded.matchAll(pattern)].map(({ 0: { length }, index }) => ({
      from: from(index),
      to: to(index + length - 1),
    }));
  };
};

/** A folded text, with where each unit of it stands in the text as it was written. */
const withPlaces = (text: string, fold: Fold) => {
  if (ASCII.test(text)) return { folded: fold(text), from: (at: number) => at, to: (at: number) => at + 1 };
  const starts: number[] = [];
  const ends: number[] = [];
  let folded = '';
  for (const { 0: character, index } of text.matchAll(CHARACTER)) {
    const plain = fold(character);
    folded += plain;
    for (let unit = 0; unit < plain.length; unit++) {
      starts.push(index);
      ends.push(index + character.length);
    }
  }
  return { folded, from: (at: number) => starts[at]!, to: (at: number) => ends[at]! };
};

/** Every text in a value: it itself, the members of lists and objects, and the names of free fields. */
const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [name, ...textsIn(each)]);
};

/** What a value says of the person, folded: the same for the same mentions in the same order, whatever stands around them. */
export const saidIn = (value: unknown, find: Finder, fold: Fold): string[] =>
  textsIn(value).flatMap((text) => find(text).map(({ from, to }) => fold(text.slice(from, to))));
