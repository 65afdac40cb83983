import { join } from 'node:path';
import { whoCameBack } from '../../src/app/restoreDrill.js';
import { type DrillResult, passed, restoreDrillDecider } from '../../src/audit/restoreDrills/decider.js';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import type { LedgerEntry } from '../../src/ledger/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const result: DrillResult = { backup: 'b', expected: 5, found: 6, erased: 1, readable: 0 };

test.each<[string, Partial<DrillResult>, boolean]>([
  ['with every event and nobody readable has passed', {}, true],
  ['with an event less than the backup counts has failed', { found: 4 }, false],
  ['that brings somebody back has failed', { readable: 1 }, false],
])('[P5.4] a drill %s', (_name, found, verdict) => {
  expect(passed({ ...result, ...found })).toBe(verdict);
});

test('[P5.4] a drill is recorded once, as it came out', () => {
  const record = { type: 'RecordDrill', subject: 'd', ...result } as const;
  expect(restoreDrillDecider.decide(record, false)).toEqual([
    { type: 'RestoreDrilled', data: { subject: 'd', ...result } },
  ]);
  expect(restoreDrillDecider.decide(record, true)).toEqual([]);
});

test('[P5.4] somebody whom the ledger knows as erased and whose key opens has come back', async () => {
  const key = Buffer.alloc(32, 1);
  const file = join(directory.path(), 'vault.db');
  const vault = openSqliteVault({ file, fileKey: key, wrapKey: key, random: pooledRandomBytes });
  for (const subject of ['gone', 'back', 'other']) (await vault.lease('w', subject, ['profile'])).release();
  await vault.close('w', 'gone');
  await vault.destroy('w', 'gone');
  const entryOf = (subject: string, classes: readonly string[] | null = null) =>
    ({ record: { kind: 'ErasureBegun', erasure: 'e', workspace: 'w', subject, classes } }) as unknown as LedgerEntry;
  expect(await whoCameBack([entryOf('gone'), entryOf('gone')], vault)).toEqual({ erased: 1, readable: 0 });
  expect(await whoCameBack([entryOf('gone'), entryOf('back')], vault)).toEqual({ erased: 2, readable: 1 });
  // Of which a law keeps the profile, and nothing else.
  expect(await whoCameBack([entryOf('back', ['content'])], vault)).toEqual({ erased: 1, readable: 0 });
  await vault.shut();
});
