import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const dockerfile = textOf('Dockerfile');

test('the image is made of files that are here, starts what npm start starts, and is not root', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files]) => files!.split(' '));
  expect(copied.length).toBeGreaterThan(2);
  expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const [, started] = /^CMD \["node", "(.+)"\]$/m.exec(dockerfile)!;
  expect(JSON.parse(textOf('package.json')).scripts.start).toContain(`node ${started}`);
  expect(dockerfile.lastIndexOf('\nUSER node')).toBeGreaterThan(dockerfile.lastIndexOf('\nFROM'));
});

test('what the image sets is what the README names', () => {
  const set = [...dockerfile.matchAll(/\b([A-Z_]{4,})=/g)].map(([, name]) => name!);
  expect(set).toContain('DATA_DIR');
  expect(set.filter((name) => !textOf('README.md').includes(`\`${name}\``))).toEqual([]);
});
