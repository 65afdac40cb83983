import { changesOf, foldBatch } from '../../projections/foldBatch.js';
import type { Projection } from '../../projections/projection.js';
import type { Opened } from '../../src/kernel/openEvent.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import type { PageQuery, ReadStore, Row, Table } from '../../src/readstore/port.js';

/** What a test says of an event; the rest is filled in. */
export interface Happened {
  readonly type: string;
  readonly data: { readonly subject: string; readonly [field: string]: unknown };
  readonly stream?: string;
  readonly at?: string;
}

/** The language for projections: given what happened, then these rows, on these pages. */
export const projecting = (projection: Projection, ...happened: readonly Happened[]) => {
  const store = memoryReadStore();
  const filled = fill(projection, store, happened);
  return {
    thenRow: async <R extends Row>(table: Table<R>, key: string, expected: object | null) => {
      await filled;
      const row = await store.get(table, key);
      if (expected === null) expect(row).toBeNull();
      else expect(row).toMatchObject(expected);
      return row;
    },
    thenPage: async (table: Table, query: Partial<PageQuery>, keys: readonly string[]) => {
      await filled;
      const all = { scope: 'workspace', order: 'name', direction: 'asc', limit: 100, ...query } as const;
      const page = await store.page(table, all);
      expect(page.rows.map(({ place }) => place.key)).toEqual(keys);
    },
  };
};

const fill = async (projection: Projection, store: ReadStore, happened: readonly Happened[]): Promise<void> => {
  await store.register(projection);
  let [build] = await store.builds(projection.name);
  for (const [index, event] of happened.map(asOpened).entries()) {
    const rows = await foldBatch(changesOf(projection, event), store, build);
    const to = String(index + 1).padStart(16, '0');
    await store.write([{ build: build!, from: build!.checkpoint, to, rows }]);
    [build] = await store.builds(projection.name);
  }
};

const asOpened = ({ type, data, stream, at }: Happened, index: number): Opened => ({
  id: `event-${index}`,
  type,
  schemaVersion: 1,
  stream: stream ?? `contact-${data.subject}`,
  revision: index,
  position: String(index + 1).padStart(16, '0'),
  recordedAt: at ?? `2026-01-01T00:00:${String(index).padStart(2, '0')}.000Z`,
  workspace: 'workspace',
  controller: 'workspace',
  subject: data.subject,
  actor: 'ada',
  commandId: null,
  commandDigest: null,
  correlationId: 'request',
  causationId: null,
  data,
});
