import { isUuid } from '../kernel/ids.js';
import { type EncodedEntry, ID_BYTES, idBytes } from './entry.js';
import type { AccessEntry, AccessFilter } from './port.js';

/** 256 KiB: of 200,000 different ids, one in forty that is not there looks as if it were. */
const BITS = 2 ** 21;
const HASHES = 4;
/** A filter is made smaller as long as no more of it than this is set. */
const FULL = 0.3;
const SMALLEST_BITS = 2 ** 10;

/**
 * Which ids may be in a segment, and which surely are not (a Bloom filter). Ids are random or digests in their last eight
 * bytes, so these serve as hashes: two numbers of four bytes, combined (Kirsch and Mitzenmacher 2006).
 */
export class IdFilter {
  /** Takes of a number the place of a bit. */
  readonly #mask: number;

  private constructor(readonly bits: Buffer) {
    this.#mask = bits.length * 8 - 1;
  }

  static empty(): IdFilter {
    return new IdFilter(Buffer.alloc(BITS / 8));
  }

  /** Error: TypeError where the size is not one that a filter has. */
  static of(bits: Buffer): IdFilter {
    if ((bits.length & (bits.length - 1)) !== 0) throw new TypeError('A filter has a power of two of bits.');
    return new IdFilter(bits);
  }

  add(id: string): void {
    this.#add(idBytes(id), 0);
  }

  mayHave(id: string): boolean {
    if (!isUuid(id)) return false;
    const bytes = idBytes(id);
    const step = stepOf(bytes, 0);
    let place = firstOf(bytes, 0);
    for (let hash = 0; hash < HASHES; hash++, place += step) {
      const bit = place & this.#mask;
      if ((this.bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  /** Who reads, where, and whom. */
  addEntry({ workspace, actor, account }: AccessEntry, { bytes, subjectsAt }: EncodedEntry): void {
    this.add(workspace);
    this.add(actor);
    if (account !== actor) this.add(account);
    for (let at = subjectsAt; at < bytes.length; at += ID_BYTES) this.#add(bytes, at);
  }

  mayMatch({ workspace, actor, subjects }: AccessFilter): boolean {
    const has = (id: string | undefined) => id === undefined || this.mayHave(id);
    return has(workspace) && has(actor) && (subjects === undefined || subjects.some((each) => this.mayHave(each)));
  }

  /** The same with fewer bits, where it is sparse: halves are laid over each other. */
  folded(): IdFilter {
    let bits = this.bits;
    while (bits.length * 8 > SMALLEST_BITS) {
      const half = Buffer.from(bits.subarray(0, bits.length / 2));
      for (let at = 0; at < half.length; at++) half[at]! |= bits[half.length + at]!;
      if (setIn(half) > FULL * half.length * 8) break;
      bits = half;
    }
    return new IdFilter(bits);
  }

  #add(bytes: Buffer, at: number): void {
    const step = stepOf(bytes, at);
    let place = firstOf(bytes, at);
    for (let hash = 0; hash < HASHES; hash++, place += step) {
      const bit = place & this.#mask;
      this.bits[bit >>> 3]! |= 1 << (bit & 7);
    }
  }
}

/** The two numbers of four bytes that end an id; in sums of a few of them the lowest bits, which count, are exact. */
const firstOf = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + 8);
const stepOf = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + 12) | 1;

const setIn = (bits: Buffer): number => {
  let set = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) set++;
  return set;
};
