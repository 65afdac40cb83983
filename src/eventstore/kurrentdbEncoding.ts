import { type BinaryEventData, binaryEvent } from '@kurrent/kurrentdb-client';
import { CrmError } from '../errors.js';
import type { EventToAppend, Position, StoredEvent } from '../kernel/envelope.js';
import { decodeBytes, encodeEvent } from './encoding.js';
import { type EnginePosition, formatEnginePosition } from './kurrentdbPosition.js';

/**
 * How an event lies in KurrentDB. Data is the canonical envelope, byte for byte as in every other store, and is
 * declared as bytes: as JSON the client would write it anew. Metadata is a version, the number of events in the
 * append that began with this one (0 for those that came along), and then the sealed bytes of its fields.
 */
const METADATA_VERSION = 1;
const METADATA_HEADER_BYTES = 5;

/** As much of what the client reads as an event is made from. */
export interface EngineEvent {
  readonly streamId: string;
  readonly id: string;
  readonly type: string;
  readonly revision: bigint;
  readonly data: unknown;
  readonly metadata?: unknown;
  readonly position?: EnginePosition;
}

export interface DecodedEvent {
  readonly event: StoredEvent;
  /** Number of events in the append that began with this one; 0 for those that came along. */
  readonly appended: number;
}

/** Names of streams and types in the engine: those of one installation begin with its namespace and a point. */
export interface Naming {
  readonly prefix: string;
}

/** Errors: as `encodeEvent`. */
export const toEngine = (
  events: readonly EventToAppend[],
  stream: string,
  firstRevision: number,
  { prefix }: Naming,
): BinaryEventData[] =>
  events.map((event, index) => {
    const { body, sealed } = encodeEvent(event, stream, firstRevision + index, 0);
    const metadata = Buffer.alloc(METADATA_HEADER_BYTES + (sealed?.length ?? 0));
    metadata.writeUInt8(METADATA_VERSION, 0);
    metadata.writeUInt32BE(index === 0 ? events.length : 0, 1);
    sealed?.copy(metadata, METADATA_HEADER_BYTES);
    return binaryEvent({ id: event.id, type: prefix + event.type, data: Buffer.from(body), metadata });
  });

/** Error: CORRUPT_EVENT, with the position, for what `toEngine` did not write, or not there. */
export const fromEngine = (stored: EngineEvent, { prefix }: Naming): DecodedEvent => {
  const position = positionOf(stored);
  const corrupt = (): CrmError => new CrmError('CORRUPT_EVENT', { position });
  const { data, metadata } = stored;
  if (!isBytes(data)) throw corrupt();
  const { appended, sealed } = parseMetadata(metadata) ?? { appended: Number.NaN, sealed: null };
  if (Number.isNaN(appended)) throw corrupt();
  const event = decodeBytes(asBuffer(data).toString('utf8'), sealed, position);
  const isWhereItSays =
    stored.streamId === prefix + event.stream &&
    stored.type === prefix + event.type &&
    Number(stored.revision) === event.revision &&
    stored.id === event.id;
  if (!isWhereItSays) throw corrupt();
  return { event, appended };
};

export const positionOf = ({ position }: EngineEvent): Position => {
  if (position === undefined) throw new CrmError('STORE_FAILED', { reason: 'The engine gave an event no position.' });
  return formatEnginePosition(position);
};

/** `null` where it is not ours. Bytes that the engine has removed are an event without sealed bytes. */
const parseMetadata = (metadata: unknown): { appended: number; sealed: Buffer | null } | null => {
  if (metadata === undefined) return { appended: 0, sealed: null };
  if (!isBytes(metadata)) return null;
  const bytes = asBuffer(metadata);
  if (bytes.length < METADATA_HEADER_BYTES || bytes[0] !== METADATA_VERSION) return null;
  const sealed = bytes.length === METADATA_HEADER_BYTES ? null : bytes.subarray(METADATA_HEADER_BYTES);
  return { appended: bytes.readUInt32BE(1), sealed };
};

const isBytes = (value: unknown): value is Uint8Array => ArrayBuffer.isView(value);

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
