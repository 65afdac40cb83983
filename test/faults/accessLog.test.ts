import { join } from 'node:path';
import { openFileAccessLog } from '../../src/accesslog/file.js';
import { pooledRandomBytes, subjectIdOf } from '../../src/kernel/ids.js';
import { keysIn } from '../support/keys.js';
import { newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const KILLS = 3;
const TIMEOUT_MS = 120_000;
const AT_ONCE = 16;

/** What is on disk, read as a next start would read it. */
const onDisk = async () => {
  const { accessLog: logKey } = await keysIn(directory.path());
  const log = openFileAccessLog({
    directory: join(directory.path(), 'data', 'access-log'),
    logKey,
    clock: { now: () => Date.now() },
    random: pooledRandomBytes,
    keepDays: 400,
  });
  const { entries } = await log.page({ limit: 1_000_000 });
  await log.close();
  return entries;
};

test(
  '[P5.4] [P7.1] after kill -9 at any moment every answer that was given has its entry',
  async () => {
    let server: TestServer = await startServer(directory.path());
    const ada: SignedUp = await signUp(server, 'Ada');
    const contact = await newId(asking(server, ada), 'contact', { givenName: 'Grace' });
    const query = 'query ($id: ID!) { contact(id: $id) { givenName } }';
    let answered = 0;
    for (let round = 0; round < KILLS; round++) {
      let over = false;
      const before = answered;
      const readers = Array.from({ length: AT_ONCE }, async () => {
        while (!over) {
          const answer = await server.ask(query, { id: contact }, ada).catch(() => undefined);
          if (answer === undefined) continue; // it is being killed
          if (answer.errors) throw new Error(JSON.stringify(answer.errors));
          answered += 1;
          if (over || answered - before < AT_ONCE * (round + 1)) continue;
          over = true;
          await server.kill();
        }
      });
      await Promise.all(readers);
      const entries = (await onDisk()).filter(({ operation }) => operation === 'query contact');
      expect(entries.length).toBeGreaterThanOrEqual(answered);
      expect(entries.every(({ reads }) => reads[0]!.subjects[0] === subjectIdOf(contact))).toBe(true);
      server = await startServer(directory.path());
    }
    expect(answered).toBeGreaterThan(KILLS * AT_ONCE);
    await server.kill();
  },
  TIMEOUT_MS,
);
