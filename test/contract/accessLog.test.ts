import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileAccessLog } from '../../src/accesslog/file.js';
import { memoryAccessLog } from '../../src/accesslog/memory.js';
import type { AccessEntry } from '../../src/accesslog/port.js';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { accessLogContract } from './accessLog.js';

const keepDays = 30;

const clockOf = () => {
  let now = Date.parse('2026-03-02T10:00:00.000Z');
  const setNow = (at: string) => {
    now = Date.parse(at);
  };
  return { clock: { now: () => now }, setNow };
};

accessLogContract('memory', async () => {
  const { clock, setNow } = clockOf();
  const entries: AccessEntry[] = [];
  return {
    open: async () => memoryAccessLog({ clock, keepDays, entries }),
    keepDays,
    setNow,
    remove: async () => undefined,
  };
});

/** One of the usual size, and one whose segments are full after a few entries. */
for (const segmentBytes of [undefined, 1_000]) {
  accessLogContract(`files of ${segmentBytes ?? 'the usual number of'} bytes`, async () => {
    const { clock, setNow } = clockOf();
    const directory = mkdtempSync(join(tmpdir(), 'crm-access-log-'));
    const logKey = pooledRandomBytes(32);
    const options = { directory, logKey, clock, random: pooledRandomBytes, keepDays, segmentBytes };
    return {
      open: async () => openFileAccessLog(options),
      keepDays,
      setNow,
      remove: async () => rmSync(directory, { recursive: true }),
    };
  });
}
