import { BACKUP_ID, newBackupId, takenAt } from '../../src/backup/id.js';

test('the id of a backup says to the millisecond when it was taken, and ids are in the order of time', () => {
  const now = Date.UTC(2026, 10, 24, 11, 5, 9, 42);
  const id = newBackupId(now);
  expect(id).toMatch(BACKUP_ID);
  expect(takenAt(id)).toBe(now);
  expect(newBackupId(now + 1) > id).toBe(true);
});
