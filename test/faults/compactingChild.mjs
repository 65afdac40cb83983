// Compacts a history and says on stdout each time it has removed something; then it waits. sqliteCompaction.test.ts kills it.
import { writeSync } from 'node:fs';
import { openSqliteEventStore } from '../../dist/src/eventstore/sqlite.js';

const [, , file, gone] = process.argv;
const store = openSqliteEventStore({ file, fileKey: Buffer.alloc(32, 7) });
const areDestroyed = async (refs) => refs.map(({ subject }) => subject === gone);
for await (const { position } of store.compact({ after: '', upTo: await store.head(), areDestroyed })) {
  writeSync(1, `${position}\n`);
}
writeSync(1, 'done\n'.repeat(10));
setInterval(() => undefined, 1_000);
