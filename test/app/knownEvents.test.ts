import { join } from 'node:path';
import { refuseNewerHistory } from '../../src/app/knownEvents.js';
import { systemClock } from '../../src/kernel/clock.js';
import { EventRegistry, event, subject } from '../../src/kernel/event.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const productOf = (versions: { readonly [type: string]: number }): EventRegistry =>
  new EventRegistry(
    Object.fromEntries(
      Object.entries(versions).map(([type, version]) => [type, event(version, { subject: subject() })]),
    ),
  );
const refused = expect.objectContaining({ code: 'NEWER_VERSION' });

let stateStore: StateStore;
beforeEach(() => {
  const file = join(directory.path(), `${Math.random()}.db`);
  stateStore = openSqliteStateStore({ file, fileKey: Buffer.alloc(32, 1), clock: systemClock });
});
afterEach(() => stateStore.close());

test('a version that knows more events, or newer ones, takes over; the one of before is then refused', async () => {
  const first = productOf({ Painted: 1 });
  await refuseNewerHistory(stateStore, first);
  await refuseNewerHistory(stateStore, first);
  const second = productOf({ Painted: 1, Sold: 1 });
  await refuseNewerHistory(stateStore, second);
  await expect(refuseNewerHistory(stateStore, first)).rejects.toEqual(refused);
  await refuseNewerHistory(stateStore, productOf({ Painted: 2, Sold: 1 }));
  await expect(refuseNewerHistory(stateStore, second)).rejects.toEqual(refused);
});
