import { lastKeyBackupExpires, noteKeyBackup } from '../../src/backup/keyBackups.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const at = (day: string) => Date.parse(`${day}T12:00:00.000Z`);

test('the day on which the last copy of keys is gone is that of the one that is kept longest, and none once it has passed', () => {
  expect(lastKeyBackupExpires(directory.path(), at('2026-11-01'))).toBeNull();
  noteKeyBackup(directory.path(), '2026-11-30T00:00:00.000Z');
  noteKeyBackup(directory.path(), '2026-11-09T00:00:00.000Z');
  expect(lastKeyBackupExpires(directory.path(), at('2026-11-01'))).toBe('2026-11-30');
  expect(lastKeyBackupExpires(directory.path(), at('2026-11-30'))).toBeNull();
});
