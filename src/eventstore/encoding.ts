import { CrmError } from '../errors.js';
import { canonicalEnvelope, type EventToAppend, type Position, type StoredEvent } from '../kernel/envelope.js';
import { isUuid } from '../kernel/ids.js';
import type { RetentionClass, SealedFields } from '../kernel/personal.js';
import { MAX_EVENT_BYTES } from './port.js';

/** An event as the embedded adapters keep it: the canonical envelope as it stands, the sealed bytes apart from it. */
export interface EventRow {
  /** From 1, in the order of the whole store. */
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  /** The canonical envelope: the very bytes that will be a leaf of the audit tree. */
  readonly body: string;
  /** As `packSealed` lays them out; `null` where there are none, or none any more. */
  readonly sealed: Buffer | null;
}

/** As much of a row as an event is made from. */
export type EventBytes = Pick<EventRow, 'position' | 'body' | 'sealed'>;

/** What an event becomes on its way out: an older version of it the current one. Pure; what is stored stays as it was. */
export type Upcast = (event: StoredEvent) => StoredEvent;

const POSITION_DIGITS = 16;

/** Zero-padded, so that positions compare as strings as they do as numbers; 16 digits hold every safe integer. */
export const formatPosition = (position: number): Position =>
  position === 0 ? '' : String(position).padStart(POSITION_DIGITS, '0');

/** Throws TypeError for a position that no embedded adapter gave out. */
export const parsePosition = (position: Position): number => {
  if (position === '') return 0;
  if (!/^\d{16}$/.test(position)) throw new TypeError('The position was not given out by this store.');
  return Number(position);
};

/**
 * The bytes that are stored of an event.
 * Errors: EVENT_TOO_LARGE; TypeError for an id that is no UUID and for what has no canonical form: bugs of the caller's.
 */
export const encodeEvent = (event: EventToAppend, stream: string, revision: number, position: number): EventRow => {
  if (!isUuid(event.id)) throw new TypeError('The id of an event is a UUID in lower case.');
  const body = canonicalEnvelope({ ...event, stream, revision });
  const sealed = packSealed(event.sealed);
  const sealedBytes = sealed?.length ?? 0;
  // A UTF-16 code unit is three bytes of UTF-8 at the most, which spares nearly every event the exact count.
  if (body.length * 3 + sealedBytes > MAX_EVENT_BYTES) {
    const actual = Buffer.byteLength(body) + sealedBytes;
    if (actual > MAX_EVENT_BYTES) throw new CrmError('EVENT_TOO_LARGE', { limit: MAX_EVENT_BYTES, actual });
  }
  return { position, stream, revision, id: event.id, type: event.type, body, sealed };
};

/**
 * The event that was stored.
 * Error: CORRUPT_EVENT, with the position, where the body or the sealed bytes are not what `encodeEvent` writes.
 */
export const decodeEvent = (row: EventBytes): StoredEvent =>
  decodeBytes(row.body, row.sealed, formatPosition(row.position));

/** The same, for engines whose positions are not numbers. */
export const decodeBytes = (body: string, sealed: Buffer | null, position: Position): StoredEvent => {
  const event = parseBody(body, position);
  event.position = position;
  if (!unpackSealed(event.sealed, sealed)) throw new CrmError('CORRUPT_EVENT', { position });
  return event as StoredEvent;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type ParsedEvent = Mutable<StoredEvent> & { sealed: Record<string, Mutable<SealedFields[string]>> };

const parseBody = (body: string, position: Position): ParsedEvent => {
  let event: unknown;
  try {
    event = JSON.parse(body);
  } catch (error) {
    throw new CrmError('CORRUPT_EVENT', { position }, { cause: error });
  }
  if (!isEnvelope(event)) throw new CrmError('CORRUPT_EVENT', { position });
  return event;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';

const isEnvelope = (event: unknown): event is ParsedEvent =>
  isObject(event) &&
  isText(event.id) &&
  isText(event.stream) &&
  Number.isSafeInteger(event.revision) &&
  isText(event.type) &&
  Number.isSafeInteger(event.schemaVersion) &&
  isText(event.recordedAt) &&
  isText(event.workspace) &&
  isText(event.controller) &&
  isText(event.subject) &&
  isText(event.actor) &&
  isTextOrNull(event.commandId) &&
  isTextOrNull(event.commandDigest) &&
  isText(event.correlationId) &&
  isTextOrNull(event.causationId) &&
  isObject(event.open) &&
  isObject(event.sealed);

const LENGTH_BYTES = 4;
/** In place of a length: this one field came without bytes. */
const NO_BYTES = 0xffffffff;
/** Added to a length: as many zeros stand where the bytes of this field were. No event is as large as this. */
const REMOVED = 0x80000000;

/** The sealed bytes of all fields in the order of their sorted names, each after its length as a big-endian u32. */
const packSealed = (sealed: SealedFields): Buffer | null => {
  const names = Object.keys(sealed).sort();
  let size = 0;
  let some = false;
  for (const name of names) {
    const { bytes } = sealed[name]!;
    size += LENGTH_BYTES + (bytes?.length ?? 0);
    some ||= bytes !== null;
  }
  if (!some) return null;
  const packed = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const name of names) {
    const { bytes } = sealed[name]!;
    offset = packed.writeUInt32BE(bytes?.length ?? NO_BYTES, offset);
    if (bytes === null) continue;
    packed.set(bytes, offset);
    offset += bytes.length;
  }
  return packed;
};

/** Gives every sealed field its bytes, or `null` where they were removed; false where the structure is not `packSealed`'s. */
const unpackSealed = (sealed: ParsedEvent['sealed'], packed: unknown): boolean => {
  if (packed !== null && !Buffer.isBuffer(packed)) return false;
  let offset = 0;
  // Names like integers come first in an object, whatever the order of the text: hence the sort.
  for (const name of Object.keys(sealed).sort()) {
    const field: unknown = sealed[name];
    if (!isObject(field) || !isText(field.class) || !isText(field.digest)) return false;
    field.bytes = null;
    if (packed === null) continue;
    if (offset + LENGTH_BYTES > packed.length) return false;
    const length = packed.readUInt32BE(offset);
    offset += LENGTH_BYTES;
    if (length === NO_BYTES) continue;
    const isRemoved = length >= REMOVED;
    const end = offset + (isRemoved ? length - REMOVED : length);
    if (end > packed.length) return false;
    if (!isRemoved) field.bytes = packed.subarray(offset, end);
    offset = end;
  }
  return packed === null || offset === packed.length;
};

/** Whose keys seal the fields of an event: their classes in the order in which the bytes of the fields are packed. */
export interface SealedFor {
  readonly workspace: string;
  readonly subject: string;
  readonly classes: readonly RetentionClass[];
}

/** Error: CORRUPT_EVENT, with the position, where the body is not what `encodeEvent` writes. */
export const sealedFor = ({ position, body }: Pick<EventRow, 'position' | 'body'>): SealedFor => {
  const { workspace, subject, sealed } = parseBody(body, formatPosition(position));
  const names = Object.keys(sealed).sort();
  return { workspace, subject, classes: names.map((name) => sealed[name]!.class) };
};

/**
 * Overwrites bytes of fields with zeros where they are packed, and marks them as removed; nothing changes its place or
 * size. `removed` says of each field, in the order in which they are packed, whether it goes.
 * Answers how many fields had bytes until now, and how many bytes; `null` where the structure is not `packSealed`'s.
 */
export const removeSealed = (packed: Buffer, removed: readonly boolean[]): { fields: number; bytes: number } | null => {
  const counts = { fields: 0, bytes: 0 };
  let offset = 0;
  for (const goes of removed) {
    if (offset + LENGTH_BYTES > packed.length) return null;
    const length = packed.readUInt32BE(offset);
    const start = offset + LENGTH_BYTES;
    offset = start + (length === NO_BYTES ? 0 : length % REMOVED);
    if (offset > packed.length) return null;
    if (!goes || length >= REMOVED) continue;
    packed.fill(0, start, offset);
    packed.writeUInt32BE(REMOVED + length, start - LENGTH_BYTES);
    counts.fields += 1;
    counts.bytes += length;
  }
  return offset === packed.length ? counts : null;
};

/**
 * Decodes rows until one cannot be: what precedes it is still delivered, and the next reading begins with it and fails.
 * `whole` is false where that happened. Throws what decoding the first row throws.
 */
export const decodeAsFarAsPossible = <Row>(
  rows: readonly Row[],
  decode: (row: Row) => StoredEvent,
): { readonly events: readonly StoredEvent[]; readonly whole: boolean } => {
  const events: StoredEvent[] = [];
  for (const row of rows) {
    try {
      events.push(decode(row));
    } catch (error) {
      if (events.length === 0) throw error;
      return { events, whole: false };
    }
  }
  return { events, whole: true };
};
