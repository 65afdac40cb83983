import type { EventStore } from '../../eventstore/port.js';
import { mergePatch } from '../../kernel/mergePatch.js';
import { type KeySource, openEvents } from '../../kernel/openEvent.js';
import { Erased } from '../../kernel/personal.js';

export interface HistorySource {
  readonly eventStore: Pick<EventStore, 'readStream'>;
  readonly keys: KeySource;
}

/** A record as its history leaves it. */
export interface LastValues {
  readonly values: { readonly [field: string]: unknown };
  readonly types: ReadonlySet<string>;
  /** Events so far: what `expectedVersion` is held against. */
  readonly version: number;
}

/**
 * A record's fields as the events of its stream leave them, opened; what was erased is not there. With the types of those
 * events, whose definitions say what each field is.
 */
export const lastValues = async (stream: string, { eventStore, keys }: HistorySource): Promise<LastValues> => {
  const opened = await openEvents(await eventStore.readStream(stream), keys);
  let values: unknown = {};
  for (const { data } of opened) {
    const said = Object.entries(data).filter(([, value]) => value !== Erased);
    values = mergePatch(values, Object.fromEntries(said));
  }
  return {
    values: values as { readonly [field: string]: unknown },
    types: new Set(opened.map(({ type }) => type)),
    version: (opened.at(-1)?.revision ?? -1) + 1,
  };
};
