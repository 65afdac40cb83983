import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { pagesOf, readModelFilesIn, readModelsIn } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { type Asking, CONTACT_PARTS, mutate, newId } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

/** Several processes are started in each. */
const TIMEOUT_MS = 180_000;
const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: Asking;

const started = async () => {
  server = await startServer(directory.path());
  ask = asking(server, ada);
};
beforeAll(async () => {
  await started();
  ada = await signUp(server, 'Ada');
  ask = asking(server, ada);
}, TIMEOUT_MS);
afterAll(() => server.kill());

const nameOfFile = (): string => readModelFilesIn(directory.path()).join(' ');
const erase = (id: string) => mutate(ask, 'eraseContact', { id }, 'subjectId');
const CONTACTS = `{ contacts(first: 100) { nodes { ${CONTACT_PARTS} } totalCount } }`;
/** Where many share a machine a thread may take long to start. */
const PATIENCE_MS = 60_000;
const rewrittenFrom = (before: string) =>
  eventually(
    'the rewriting',
    () => {
      const now = nameOfFile();
      return now !== '' && !now.includes(' ') && now !== before && now;
    },
    PATIENCE_MS,
  );

test(
  '[P7.3] after an erasure the read store is a new file under a new key, the old ones are gone, and nothing of the person is in it',
  async () => {
    const marker = 'Zyxomma';
    const erased = await newId(ask, 'contact', { givenName: marker, emails: [{ value: 'zyxomma@b.example' }] });
    const kept = await newId(ask, 'contact', { givenName: 'Grace' });
    await server.stop();
    const old = await readModelsIn(directory.path());
    expect(pagesOf(old.file, old.fileKey).includes(marker)).toBe(true);

    await started();
    const before = nameOfFile();
    await erase(erased);
    await rewrittenFrom(before);
    const { contacts } = await ask(CONTACTS);
    expect(contacts.nodes.map(({ id }: { id: string }) => id)).toEqual([kept]);
    await server.stop();
    const fresh = await readModelsIn(directory.path());
    expect(fresh.fileKey.equals(old.fileKey)).toBe(false);
    const pages = pagesOf(fresh.file, fresh.fileKey);
    expect(pages.includes('Grace')).toBe(true);
    expect([pages.includes(marker), pages.includes(marker.toLowerCase())]).toEqual([false, false]);
    await started();
  },
  TIMEOUT_MS,
);

test(
  'people erased one after another share a rewriting',
  async () => {
    const ids = await Promise.all([1, 2, 3].map((n) => newId(ask, 'contact', { givenName: `Person ${n}` })));
    const before = nameOfFile();
    const seen = new Set<string>();
    for (const id of ids) await erase(id);
    const done = () => {
      for (const name of nameOfFile().split(' ')) seen.add(name);
      return !nameOfFile().includes(before) && !nameOfFile().includes(' ');
    };
    await eventually('the rewriting', done, PATIENCE_MS);
    expect(seen.size).toBe(2);
  },
  TIMEOUT_MS,
);

test(
  'while the read store is rewritten every reader sees what was written before, without a gap',
  async () => {
    const known = new Set<string>();
    const missing: string[] = [];
    let over = false;
    const writer = (async () => {
      for (let n = 0; !over; n++)
        known.add(await newId(ask, 'contact', { givenName: `During ${n}`, tags: ['during'] }));
    })();
    const reader = (async () => {
      while (!over) {
        const expected = [...known].slice(-90);
        const { contacts } = await ask(
          `{ contacts(first: 100, filter: { tag: "during" }, orderBy: [{ field: CREATED_AT, direction: DESC }]) { nodes { id } } }`,
        );
        const found = new Set(contacts.nodes.map(({ id }: { id: string }) => id));
        missing.push(...expected.slice(-50).filter((id) => !found.has(id)));
        await pause(1);
      }
    })();
    try {
      for (let round = 0; round < 3; round++) {
        const before = nameOfFile();
        await erase(await newId(ask, 'contact', { givenName: 'Gone' }));
        await rewrittenFrom(before);
      }
    } finally {
      over = true;
      await Promise.all([writer, reader]);
    }
    expect(known.size).toBeGreaterThan(10);
    expect(missing).toEqual([]);
    const health = await fetch(`${server.origin}/health/ready`);
    expect(health.status).toBe(200);
  },
  TIMEOUT_MS,
);

test(
  '[P7.3] kill -9 at any moment of a rewriting: the next start has one file, all rows, and finishes what was begun',
  async () => {
    const before = await ask(CONTACTS);
    for (let round = 0; round < 4; round++) {
      const old = nameOfFile();
      await erase(await newId(ask, 'contact', { givenName: 'Zyxomma' }));
      // Around the moment at which a rewriting begins.
      await pause(randomInt(950, 1_200));
      await server.kill();
      await started();
      await rewrittenFrom(old);
      expect(await ask(CONTACTS)).toEqual(before);
    }
    await server.stop();
    const { file, fileKey } = await readModelsIn(directory.path());
    expect(pagesOf(file, fileKey).includes('Zyxomma')).toBe(false);
    await started();
  },
  TIMEOUT_MS,
);
