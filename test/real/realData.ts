import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const folder = resolve(repository, process.env.REAL_DATA_DIR ?? '../shared/data');

/** The path of a file or folder of the real data kept outside the repository; undefined where it is not there. */
export function realData(name: string): string | undefined {
  const path = join(folder, name);
  return existsSync(path) ? path : undefined;
}

/** A group of tests over real data, skipped where the data is not there. */
export function describeReal(name: string, title: string, tests: (path: string) => void): void {
  const path = realData(name);
  if (path === undefined)
    describe.skip(`${title} (no ${name} in REAL_DATA_DIR)`, () => test('needs real data', () => {}));
  else describe(title, () => tests(path));
}
