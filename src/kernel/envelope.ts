import { canonicalJson, canonicalString } from './canonical.js';
import type { OpenFields, SealedFields } from './personal.js';

/**
 * Where an event stands in the order of the whole store. Opaque outside the adapters, but ordered: of two positions
 * the lexicographically greater is the later.
 */
export type Position = string;

/** Before the first event. */
export const START: Position = '';

/** What is recorded of an event beside its data. Ids, codes and times only: nothing personal. */
export interface EventMetadata {
  /** UUID; derived from the command where it has an id, so that the same command writes the same event. */
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  /** UTC with milliseconds. */
  readonly recordedAt: string;
  /** The workspace it happened in, or `operator` for what belongs to the installation itself. */
  readonly workspace: string;
  /** Who decides why the data is kept: the workspace, one of its clients, or `operator`. */
  readonly controller: string;
  /** Whose keys seal the personal fields: a person, or a record of its own. */
  readonly subject: string;
  readonly actor: string;
  readonly commandId: string | null;
  /** Keyed digest of the command's payload, under the subject's key, so that it tells nothing once that is gone. */
  readonly commandDigest: string | null;
  readonly correlationId: string;
  readonly causationId: string | null;
}

/** An event on its way into the store, sealed already. */
export interface EventToAppend extends EventMetadata {
  readonly open: OpenFields;
  readonly sealed: SealedFields;
}

/** An event as the store holds it. */
export interface StoredEvent extends EventToAppend {
  readonly stream: string;
  /** From 0, without gaps, within the stream. */
  readonly revision: number;
  readonly position: Position;
}

/**
 * The canonical envelope (RFC 8785): the bytes that will be a leaf of the audit tree. Fixed from the first event.
 * It has a digest in place of each sealed field's bytes, which can be removed, and no position, which differs
 * between engines.
 */
export const canonicalEnvelope = (event: Omit<StoredEvent, 'position'>): string => {
  const text = canonicalString;
  const orNull = (value: string | null): string => (value === null ? 'null' : text(value));
  // Members in the order of RFC 8785, written out: this runs for every event, and a test holds it against canonicalJson.
  return `{"actor":${text(event.actor)},"causationId":${orNull(event.causationId)},"commandDigest":${orNull(
    event.commandDigest,
  )},"commandId":${orNull(event.commandId)},"controller":${text(event.controller)},"correlationId":${text(
    event.correlationId,
  )},"id":${text(event.id)},"open":${canonicalJson(event.open)},"recordedAt":${text(event.recordedAt)},"revision":${
    event.revision
  },"schemaVersion":${event.schemaVersion},"sealed":${sealedText(event.sealed)},"stream":${text(
    event.stream,
  )},"subject":${text(event.subject)},"type":${text(event.type)},"workspace":${text(event.workspace)}}`;
};

const sealedText = (sealed: SealedFields): string => {
  const members = Object.keys(sealed)
    .sort()
    .map((name) => {
      const field = sealed[name]!;
      return `${canonicalString(name)}:{"class":"${field.class}","digest":${canonicalString(field.digest)}}`;
    });
  return `{${members.join(',')}}`;
};
