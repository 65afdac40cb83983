import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for one test file, gone when its tests are done. */
export const temporaryDirectory = (): { path: () => string } => {
  let path = '';
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), 'crm-test-'));
  });
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return { path: () => path };
};
