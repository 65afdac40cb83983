import { type Form, formsOfBytes, formsOfText } from './forms.js';

/** What was found, by the name that it was looked for under, and in which form. */
export interface Seen {
  readonly marker: string;
  readonly form: string;
}

interface Needle extends Seen {
  readonly bytes: Buffer;
}

/** Shorter ones stand in any file by chance. */
export const MIN_BYTES = 6;
/** Of so many places in the table that few share one. */
const PLACES = 1 << 24;

/** The place in the table of what begins with these six bytes: three and three. */
const placeOf = (first: number, second: number): number => (Math.imul(first, 0x9e3779b1) ^ second) & (PLACES - 1);

/**
 * Thousands of byte strings that are looked for at once, in one pass: by a table of the six bytes that each begins
 * with. Looking for one after another would take minutes for a snapshot of memory.
 */
export class Needles {
  readonly #begins = new Uint8Array(PLACES >> 3);
  readonly #byBeginning = new Map<number, Needle[]>();

  private constructor(named: readonly (readonly [string, readonly Form[]])[]) {
    for (const [marker, forms] of named) {
      for (const [form, bytes] of forms) if (bytes.length >= MIN_BYTES) this.#add({ marker, form, bytes });
    }
  }

  /** Texts stand for themselves; `secrets` are bytes by a name that may be shown. Error: TypeError for what is too short. */
  static of(texts: readonly string[], secrets: ReadonlyMap<string, Uint8Array> = new Map()): Needles {
    const short = [...texts.map((text) => Buffer.from(text)), ...secrets.values()].some(
      ({ length }) => length < MIN_BYTES,
    );
    if (short) throw new TypeError(`What is looked for has to have at least ${MIN_BYTES} bytes.`);
    return new Needles([
      ...texts.map((text) => [text, formsOfText(text)] as const),
      ...[...secrets].map(([name, bytes]) => [name, formsOfBytes(bytes)] as const),
    ]);
  }

  /** Each that stands in these bytes, once. */
  in(bytes: Uint8Array): Seen[] {
    const seen = new Set<Needle>();
    const begins = this.#begins;
    let [first, second] = [0, 0];
    for (let at = 0; at < bytes.length; at++) {
      first = ((first << 8) | (second >>> 16)) & 0xffffff;
      second = ((second << 8) | bytes[at]!) & 0xffffff;
      const place = placeOf(first, second);
      if ((begins[place >> 3]! & (1 << (place & 7))) === 0) continue;
      for (const needle of this.#byBeginning.get(place)!) {
        const start = at - MIN_BYTES + 1;
        if (start >= 0 && !seen.has(needle) && standsAt(bytes, start, needle.bytes)) seen.add(needle);
      }
    }
    return [...seen].map(({ marker, form }) => ({ marker, form }));
  }

  #add(needle: Needle): void {
    const beginning = placeOf(needle.bytes.readUIntBE(0, 3), needle.bytes.readUIntBE(3, 3));
    this.#begins[beginning >> 3]! |= 1 << (beginning & 7);
    const others = this.#byBeginning.get(beginning);
    if (others === undefined) this.#byBeginning.set(beginning, [needle]);
    else others.push(needle);
  }
}

const standsAt = (bytes: Uint8Array, start: number, wanted: Buffer): boolean => {
  if (start + wanted.length > bytes.length) return false;
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false;
  return true;
};
