import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The rows of the lists: an item, how it is met, and its tests. */
const rows = textOf('docs/security.md')
  .split('\n')
  .filter((line) => /^\| (?!item|---)/.test(line))
  .map((line) =>
    line
      .slice(2, -1)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
  .map(([item = '', how = '', tests = '']) => ({ item, how, tests: tests.replace(/\s*\|$/, '') }));

/** A file, and the title of a test in it, as the source has it; without a title the whole file is meant. */
const named = rows.flatMap(({ tests }) =>
  tests
    .split('<br>')
    .filter((each) => each !== '')
    .map((each) => /^`(test\/[\w/]+\.test\.ts)`(?:: (.+))?$/.exec(each) ?? [each, each, undefined])
    .map(([, file, title]) => ({ file: file!, title })),
);

const titlesIn = (source: string): string[] =>
  [...source.matchAll(/(['"`])((?:(?!\1|\n).)+)\1,(?=\s*(?:async )?(?:\(|\w+ =>|\(\)))/g)].map(([, , title]) => title!);

test('[P5.5] every test that docs/security.md names is there', () => {
  const missing = named.filter(({ file, title }) => {
    if (!existsSync(join(root, file))) return true;
    return title !== undefined && !titlesIn(textOf(file)).includes(title);
  });
  expect(missing).toEqual([]);
  expect(named.length).toBeGreaterThan(60);
});

test('[P5.5] every item has a test, or is said not to be met, or to be an operator’s part', () => {
  const without = rows.filter(({ how, tests }) => tests === '' && !/^\*(?:not met|control)\*/.test(how));
  expect(without).toEqual([]);
});

test('a title that is not there is noticed', () => {
  const source = textOf('test/surface/rates.test.ts');
  expect(titlesIn(source)).toContain('a field can cost more than one');
  expect(titlesIn(source)).not.toContain('a field can cost more');
});
