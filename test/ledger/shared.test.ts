import { join } from 'node:path';
import { openSharedLedger } from '../../src/ledger/shared.js';
import { lockFile } from '../../src/sqlite/fileLock.js';
import { temporaryDirectory } from '../support/temporary.js';
import { begun, clock, completed, ids, memoryOf } from './records.js';

const home = temporaryDirectory();
const pause = () => new Promise((resolve) => setImmediate(resolve));

test('several processes append to one ledger, each after what the others have written', async () => {
  const options = { directory: join(home.path(), 'shared'), memory: memoryOf(), clock, ids, pause };
  const [one, other] = [await openSharedLedger(options), await openSharedLedger(options)];
  expect(other.installation).toBe(one.installation);
  const orders = Array.from({ length: 6 }, () => begun());
  await Promise.all(orders.map((order, at) => (at % 2 === 0 ? one : other).append(order)));
  const head = await one.append(completed(orders[1]!));
  // Told by the other process again, it is the same entry.
  expect(await other.append(completed(orders[1]!))).toEqual(head);
  // Reading checks every link.
  const entries = await other.entries();
  expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await Promise.all([one.verify(), other.verify()]);
  await Promise.all([one.close(), other.close()]);
});

test('while another process has it, nothing is written; where that does not end, nothing is destroyed', async () => {
  const directory = join(home.path(), 'locked');
  const ledger = await openSharedLedger({ directory, memory: memoryOf(), clock, ids, pause });
  const lock = lockFile(join(directory, 'lock'));
  const waiting = ledger.append(begun());
  await expect(waiting).rejects.toMatchObject({ code: 'LEDGER_UNWRITABLE' });
  lock.release();
  await ledger.append(begun());
  expect(await ledger.entries()).toHaveLength(2);
  await ledger.close();
});
