// Compacts a history, by the product in a directory, and says on stdout each time it has removed something, and when it is
// done; then it waits. sqliteCompaction.test.ts kills it, and gives it products in which something was changed.
import { writeSync } from 'node:fs';
import { join } from 'node:path';

const [, , dist, file, gone] = process.argv;
const { openSqliteEventStore } = await import(join(dist, 'src/eventstore/sqlite.js'));
const store = openSqliteEventStore({ file, fileKey: Buffer.alloc(32, 7) });
const areDestroyed = async (refs) => refs.map(({ subject }) => subject === gone);
for await (const { position } of store.compact({ after: '', upTo: await store.head(), areDestroyed })) {
  writeSync(1, `${position}\n`);
}
writeSync(1, 'done\n'.repeat(10));
setInterval(() => undefined, 1_000);
