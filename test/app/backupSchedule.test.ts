import { BackupSchedule } from '../../src/app/backupSchedule.js';

const HOUR_MS = 3_600_000;
let now: number;
let latest: number | null;
let taken: number;
let failing: boolean;
const reported: unknown[] = [];
const schedule = () =>
  new BackupSchedule({
    everyMs: 24 * HOUR_MS,
    latest: () => latest,
    take: async () => {
      if (failing) throw new Error('The disk is full.');
      taken++;
      latest = now;
    },
    clock: { now: () => now },
    report: (error) => reported.push(error),
  });

beforeEach(() => {
  now = Date.UTC(2026, 10, 24);
  latest = null;
  taken = 0;
  failing = false;
  reported.length = 0;
});

test('[P5.4] a backup is taken at once where there is none, and then whenever the latest is old enough', async () => {
  const backups = schedule();
  await backups.tick();
  now += 23 * HOUR_MS;
  await backups.tick();
  expect(taken).toBe(1);
  now += HOUR_MS;
  await backups.tick();
  expect(taken).toBe(2);
});

test('[P5.4] one that fails is reported and tried again after ten minutes', async () => {
  const backups = schedule();
  failing = true;
  await backups.tick();
  failing = false;
  now += 9 * 60_000;
  await backups.tick();
  expect([taken, reported.length]).toEqual([0, 1]);
  now += 60_000;
  await backups.tick();
  expect(taken).toBe(1);
});

test('there are never two at a time', async () => {
  const backups = schedule();
  await Promise.all([backups.tick(), backups.tick()]);
  expect(taken).toBe(1);
});
