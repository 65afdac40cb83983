import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Hashing } from '../../src/identity/access/hashing.js';

test('[P5.5] however many passwords are hashed, what waits for the disk does not wait for them', async () => {
  const hashing = new Hashing();
  let hashed = 0;
  const all = Array.from({ length: 40 }, async () => {
    await hashing.hash('correct horse battery');
    hashed += 1;
  });
  await readFile(fileURLToPath(import.meta.url));
  expect(hashed).toBeLessThan(20);
  await Promise.all(all);
});

test('a password is verified by its own hash alone', async () => {
  const hashing = new Hashing();
  const hash = await hashing.hash('correct horse battery');
  expect(await hashing.verify(hash, 'correct horse battery')).toBe(true);
  expect(await hashing.verify(hash, 'correct horse batterz')).toBe(false);
});
