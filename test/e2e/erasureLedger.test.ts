import { cpSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, mutate, newId } from '../support/mutations.js';
import { asking, runCli, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
const at = (...path: string[]) => join(directory.path(), ...path);
const start = async () => {
  server = await startServer(directory.path(), { ERASURE_LEDGER_COPY: at('copy') });
};
const erase = (id: string) => mutate(asking(server, ada), 'eraseContact', { id }, 'subjectId');
const lines = (folder: string) => readFileSync(at(folder, 'erasure-ledger.jsonl'), 'utf8').trim().split('\n');
const kindsIn = (folder: string) => lines(folder).map((line) => JSON.parse(line).record.kind);

beforeAll(async () => {
  await start();
  ada = await signUp(server, 'Ada');
});
afterAll(() => server.kill());

test('[P7.3] an erasure is in the ledger beside the key file and in its copy, and nothing of the person is', async () => {
  const id = await newId(asking(server, ada), 'contact', {
    givenName: 'Wilhelmina',
    emails: [{ value: 'w@example.com' }],
  });
  await mutate(asking(server, ada), 'eraseContact', { id, reason: 'Wilhelmina wrote' }, 'subjectId');
  expect(kindsIn('master.ledger')).toEqual(['LedgerBegun', 'ErasureBegun', 'KeysDestroyed', 'ErasureCompleted']);
  expect(lines('copy')).toEqual(lines('master.ledger'));
  expect(lines('copy').join()).not.toMatch(/wilhelmina|example|wrote/i);
});

test.each(['master.ledger', 'copy'])(
  '[P7.3] while the directory %s cannot be written an erasure is refused before anything is destroyed',
  async (folder) => {
    const id = await newId(asking(server, ada), 'contact', { givenName: 'Grace' });
    renameSync(at(folder), at('gone'));
    const { errors } = await attempt(server, ada, 'eraseContact', { id });
    expect(errors?.[0]?.extensions.code).toBe('LEDGER_UNWRITABLE');
    expect(await asking(server, ada)(`{ contact(id: "${id}") { givenName } }`)).toEqual({
      contact: { givenName: 'Grace' },
    });
    renameSync(at('gone'), at(folder));
    await erase(id);
    expect(await asking(server, ada)(`{ contact(id: "${id}") { id } }`)).toEqual({ contact: null });
  },
);

test('[P7.3] neither older data nor an older ledger can be put back by hand: nothing starts on them', async () => {
  const id = await newId(asking(server, ada), 'contact', { givenName: 'Grace' });
  expect(await server.stop()).toBe(0);
  for (const folder of ['data', 'master.ledger']) cpSync(at(folder), at(`${folder}.old`), { recursive: true });
  await start();
  await erase(id);
  expect(await server.stop()).toBe(0);
  const putBack = (folder: string) => {
    renameSync(at(folder), at(`${folder}.new`));
    cpSync(at(`${folder}.old`), at(folder), { recursive: true });
  };
  const putRight = (folder: string) => {
    rmSync(at(folder), { recursive: true });
    renameSync(at(`${folder}.new`), at(folder));
  };
  const refusal = async (env = { ERASURE_LEDGER_COPY: at('copy') }) => {
    const { code, output } = await runCli(directory.path(), ['status'], env);
    return { code, said: output.trim() };
  };
  putBack('data');
  expect(await refusal()).toEqual({ code: 1, said: expect.stringContaining('DATA_BEHIND_LEDGER') });
  putBack('master.ledger');
  expect(await refusal()).toEqual({ code: 1, said: expect.stringMatching(/LEDGER_BROKEN: .*copy .* ahead/) });
  putRight('data');
  expect(await refusal()).toEqual({ code: 1, said: expect.stringMatching(/LEDGER_BROKEN: .*copy .* ahead/) });
  rmSync(at('copy', 'erasure-ledger.jsonl'));
  expect(await refusal()).toEqual({ code: 1, said: expect.stringMatching(/LEDGER_BROKEN: .*copy .* is missing/) });
  const withoutCopy = await refusal({ ERASURE_LEDGER_COPY: '' });
  expect(withoutCopy).toEqual({ code: 1, said: expect.stringMatching(/LEDGER_BROKEN: .*older than the data/) });
  putRight('master.ledger');
  cpSync(at('master.ledger'), at('copy'), { recursive: true });
  await start();
  expect(await asking(server, ada)(`{ contact(id: "${id}") { id } }`)).toEqual({ contact: null });
}, 120_000);
