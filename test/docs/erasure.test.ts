import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

const rows = textOf('docs/erasure.md')
  .split('\n')
  .filter((line) => /^\| (?!word|---)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, word, sentence, test]) => ({ word, sentence, test }));

test('[P5.6] every guarantee of docs/erasure.md names a test that is there; what has none is a control', () => {
  expect(rows.length).toBeGreaterThan(10);
  for (const { word, test: named } of rows) {
    if (word === 'control' && named === '') continue;
    const [, file, title] = /^`(test\/[\w/]+\.test\.ts)`: (.+)$/.exec(named!) ?? [];
    expect([
      word,
      textOf(file!).includes(`test('${title}',`) ||
        textOf(file!).includes(`  '${title}',`) ||
        textOf(file!).includes(`test('${title}'`),
    ]).toEqual([word, true]);
    expect(['guarantee', 'control']).toContain(word);
  }
});
