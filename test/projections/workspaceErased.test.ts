import { allProjections } from '../../projections/all.js';
import { contacts, contactTable } from '../../projections/crm/contacts.js';
import { LIVE } from '../../projections/crm/record.js';
import { changesOf, foldBatch } from '../../projections/foldBatch.js';
import type { Opened } from '../../src/kernel/openEvent.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import { ALL, type Table } from '../../src/readstore/port.js';

const table = contactTable as Table;

const event = (type: string, workspace: string, data: { subject: string }, position: number): Opened => ({
  ...{ id: `event-${position}`, type, schemaVersion: 1, stream: `contact-${data.subject}`, revision: 0 },
  ...{ position: String(position).padStart(16, '0'), recordedAt: '2026-01-01T00:00:00.000Z' },
  ...{ workspace, controller: workspace, subject: data.subject, actor: 'ada' },
  ...{ commandId: null, commandDigest: null, correlationId: 'request', causationId: null, data },
});
const created = (workspace: string, subject: string, position: number) =>
  event('ContactCreated', workspace, { subject, name: { givenName: subject } } as { subject: string }, position);
const gone = { subject: 'w1', record: 'w1', recordKind: 'WORKSPACE', kind: 'ERASE', reason: 'OTHER' };
const happened = [
  created('w1', 'grace', 1),
  created('w2', 'alan', 2),
  event('ContactDeleted', 'w1', { subject: 'grace' }, 3),
  created('w1', 'mary', 4),
  event('SubjectErased', 'w1', gone, 5),
];

test.each([1, 5])('[P6.3] every row of an erased workspace goes, and no other, in batches of %d', async (size) => {
  const store = memoryReadStore();
  await store.register(contacts);
  let [build] = await store.builds(contacts.name);
  for (let at = 0; at < happened.length; at += size) {
    const batch = happened.slice(at, at + size);
    const rows = await foldBatch(
      batch.flatMap((each) => changesOf(contacts, each)),
      store,
      build,
    );
    await store.write([{ build: build!, from: build!.checkpoint, to: batch.at(-1)!.position, rows }]);
    [build] = await store.builds(contacts.name);
  }
  const left = await Promise.all(['grace', 'mary', 'alan'].map((each) => store.get(table, each)));
  expect(left.map((row) => row?.id)).toEqual([undefined, undefined, 'alan']);
  expect(await store.withFacet(table, 'w2', LIVE)).toHaveLength(1);
});

test('every table keeps a list from which the rows of a whole workspace can be taken', () => {
  const erased = event('SubjectErased', 'w1', gone, 1);
  for (const projection of allProjections) {
    const cleared = new Set(changesOf(projection, erased).map((change) => change.table.name));
    expect([...cleared].sort()).toEqual(projection.tables.map(({ name }) => name).sort());
    for (const change of changesOf(projection, erased)) {
      if (change.do === 'put' || !('facet' in change.at)) throw new Error('It is to be taken out.');
      const { facet } = change.at;
      expect([change.table.name, facet, change.table.listedIn?.(facet)?.length ?? 1]).not.toContain(0);
      if (facet === ALL) expect(change.at.scope).toBe('w1');
    }
  }
});
