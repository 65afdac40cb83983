import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openDatabase } from '../../src/sqlite/database.js';
import { readModelFilesIn } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { keysIn } from '../support/keys.js';
import { CONTACT_PARTS, mutate, mutation, newId } from '../support/mutations.js';
import { asking, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { bytesOf, tracesIn, tracesInBytes } from '../support/traces.js';

const root = temporaryDirectory();
let directories = 0;
/** A directory that nobody has used yet. */
const fresh = (): string => join(root.path(), `${directories++}`);
const dataIn = (directory: string) => join(directory, 'data');
const keyIn = (directory: string) => join(directory, 'master.key');

const running: TestServer[] = [];
const start = async (directory: string, env: NodeJS.ProcessEnv = {}): Promise<TestServer> => {
  const server = await startServer(directory, env);
  running.push(server);
  return server;
};
/** A test that fails leaves its server behind. */
afterEach(async () => {
  for (const server of running.splice(0)) await server.kill();
});

/** Starts a server that is expected to refuse; answers with what it said. */
const refusedStart = async (directory: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const started = start(directory, env);
  const said = await started.then(
    () => 'It did start.',
    (error: Error) => error.message,
  );
  expect(said).toMatch(/The server did not start\. /);
  expect(said).not.toMatch(/\n\s+at /);
  return said;
};

interface Health {
  readonly ready: boolean;
  readonly projections: readonly { readonly projection: string; readonly stopped?: object }[];
}

const health = async (server: TestServer, kind: 'live' | 'ready') => {
  const response = await fetch(`${server.origin}/health/${kind}`);
  return { status: response.status, body: (await response.json()) as Health };
};

describe('starting and stopping', () => {
  test('a first start makes the master key beside the data, for its owner alone, and says so; the next does not', async () => {
    const directory = fresh();
    const env = { MASTER_KEY_FILE: undefined };
    const first = await start(directory, env);
    const key = `${dataIn(directory)}.key`;
    expect(first.output()).toContain(`A master key was made: ${key}`);
    expect(first.output().trim().split('\n').at(-1)).toBe(`ready ${first.url}`);
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(existsSync(join(dataIn(directory), 'data.key'))).toBe(false);
    expect(statSync(dataIn(directory)).mode & 0o077).toBe(0);
    const [readModels, ...others] = readModelFilesIn(directory);
    expect(others).toEqual([]);
    for (const file of ['events.db', 'vault.db', 'state.db', readModels!]) {
      expect([file, statSync(join(dataIn(directory), file)).mode & 0o077]).toEqual([file, 0]);
    }
    expect(await first.stop()).toBe(0);
    const second = await start(directory, env);
    expect(second.output()).toBe(`ready ${second.url}\n`);
    expect(await second.stop()).toBe(0);
  });

  test('a first start that comes to nothing does not keep the new master key to itself', async () => {
    const directory = fresh();
    const occupant = createServer();
    const port = await new Promise<number>((resolve) => {
      occupant.listen(0, '127.0.0.1', () => resolve((occupant.address() as { port: number }).port));
    });
    const refused = await refusedStart(directory, { PORT: `${port}` });
    occupant.close();
    const server = await start(directory);
    expect(`${refused}${server.output()}`).toContain('A master key was made');
    expect(await server.stop()).toBe(0);
  });

  test('on SIGTERM it answers what is under way, stops with exit code 0, and has forgotten nothing', async () => {
    const directory = fresh();
    const server = await start(directory);
    const ada = await signUp(server, 'Ada');
    const contactId = await newId(asking(server, ada), 'contact', { givenName: 'Grace', notes: ['n'] });
    const shown = `query ($id: ID!) { contact(id: $id) { ${CONTACT_PARTS} } dealTotals { count } eventHistory { nodes { id } } }`;
    const before = await asking(server, ada)(shown, { id: contactId });
    // Passwords take long to hash: these are all in the server's hands when the first of them is answered.
    const names = Array.from({ length: 12 }, (_, index) => `Person${index}`);
    const underWay = names.map((name) => signUp(server, name));
    await Promise.race(underWay);
    const stopped = server.stop();
    const answered = await Promise.all(underWay);
    expect(await stopped).toBe(0);
    expect(server.output()).not.toMatch(/error|warn/i);
    const again = await start(directory);
    expect(await asking(again, ada)(shown, { id: contactId })).toEqual(before);
    for (const person of answered) {
      const { currentAccount } = await asking(again, person)('{ currentAccount { id } }');
      expect(currentAccount.id).toBe(person.account);
    }
    expect(await again.stop()).toBe(0);
  });

  test('a second server on one data directory refuses, and the first goes on', async () => {
    const directory = fresh();
    const server = await start(directory);
    expect(await refusedStart(directory)).toContain('DATA_DIR_LOCKED');
    const ada = await signUp(server, 'Ada');
    await newId(asking(server, ada), 'contact', { givenName: 'Grace' });
    await server.kill();
    const after = await start(directory);
    expect((await asking(after, ada)('{ contacts { totalCount } }')).contacts.totalCount).toBe(1);
    expect(await after.stop()).toBe(0);
  });

  test.each([
    ['PORT', { PORT: 'http' }, /BAD_CONFIGURATION: PORT must be a number from 0 to 65535/],
    ['PORT', { PORT: '70000' }, /BAD_CONFIGURATION: PORT must/],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }, /BAD_CONFIGURATION: LOG_LEVEL must be one of fatal, error/],
    ['HOST', { HOST: '203.0.113.7' }, /203\.0\.113\.7/],
    ['HOST', { HOST: 'no host at all' }, /no host at all/],
  ])('a wrong %s is told so: %j', async (_name, env, said) => {
    expect(await refusedStart(fresh(), env)).toMatch(said);
  });

  test('a master key inside the data directory is refused before anything is written', async () => {
    const directory = fresh();
    const said = await refusedStart(directory, { MASTER_KEY_FILE: join(dataIn(directory), 'keys', 'master.key') });
    expect(said).toContain('MASTER_KEY_FILE must not be inside DATA_DIR');
    expect(existsSync(dataIn(directory))).toBe(false);
  });
});

describe('[P5.1] the files', () => {
  const MARKERS = [
    'Wqzxgivenname',
    'wqzxmail',
    'Wqzxnote',
    'Wqzxpassword',
    'Wqzxworkspace',
    'Wqzxdeal',
    'Wqzxcustom',
    'Wqzxevidence',
    'Wqzxsearch',
    'Wqzximport',
    'Wqzxreason',
  ];

  test('the search for traces finds them in every form', () => {
    const text = MARKERS[0]!;
    const planted = [
      Buffer.from(`x${text}`),
      Buffer.from(text, 'utf16le'),
      Buffer.from(text, 'utf16le').swap16(),
      Buffer.from(Buffer.from(text).toString('hex')),
      ...['', 'x', 'xy'].map((before) => Buffer.from(Buffer.from(`${before}${text}!`).toString('base64'))),
    ];
    for (const bytes of planted) expect(tracesInBytes('planted', bytes, [text])).not.toEqual([]);
  });

  test('hold nothing that was entered in clear, nor does the log, while it runs and after', async () => {
    const directory = fresh();
    const server = await start(directory, { LOG_LEVEL: 'debug' });
    const input = {
      name: 'Wqzxgivenname',
      email: 'wqzxmail@example.com',
      password: 'Wqzxpassword',
      workspaceName: 'Wqzxworkspace',
      acceptedPolicyVersion: '1',
      confirmsAdult: true,
    };
    const { signUp: ada } = await asking(server)(mutation('signUp', 'token'), { input });
    const ask = asking(server, ada);
    const contactId = await newId(ask, 'contact', {
      givenName: 'Wqzxgivenname',
      emails: [{ value: 'wqzxmail@b.example' }],
      notes: ['Wqzxnote'],
      customFields: [{ name: 'Wqzxcustom', value: 'Wqzxcustom' }],
      externalId: 'Wqzxcustom',
    });
    await newId(ask, 'deal', { title: 'Wqzxdeal', contactId });
    const consent = { contactId, purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1', evidence: 'Wqzxevidence' };
    await mutate(ask, 'recordConsent', consent, 'consent { state }');
    await mutate(ask, 'importContacts', { file: { text: 'first name\nWqzximport\n' } }, 'dryRun');
    await ask('{ contacts(filter: { search: "Wqzxsearch" }) { totalCount } }');
    await server.ask(mutation('createContact', 'version'), { input: { givenName: 'Wqzxsearch\u0000' } }, ada);
    const erased = await newId(ask, 'contact', { givenName: 'Wqzxgivenname' });
    await mutate(ask, 'eraseContact', { id: erased, reason: 'Wqzxreason' }, 'subjectId');
    expect(tracesIn(dataIn(directory), MARKERS)).toEqual([]);
    expect(existsSync(join(dataIn(directory), 'events.db-wal'))).toBe(true);
    expect(await server.stop()).toBe(0);
    expect(tracesIn(dataIn(directory), MARKERS)).toEqual([]);
    expect(tracesInBytes('output', Buffer.from(server.output()), MARKERS)).toEqual([]);
  });

  test('are opened by their own master key alone: another is refused, and nothing is touched', async () => {
    const [directory, other] = [fresh(), fresh()];
    for (const each of [directory, other]) {
      const server = await start(each);
      await signUp(server, 'Ada');
      expect(await server.stop()).toBe(0);
    }
    const before = bytesOf(dataIn(directory));
    const own = readFileSync(keyIn(directory));
    writeFileSync(keyIn(directory), readFileSync(keyIn(other)));
    expect(await refusedStart(directory)).toContain('WRONG_MASTER_KEY');
    expect(bytesOf(dataIn(directory))).toEqual(before);
    writeFileSync(
      keyIn(directory),
      own.toString().replace(/.(?=\n?$)/, (digit) => (digit === '0' ? '1' : '0')),
    );
    expect(await refusedStart(directory)).toMatch(/master key file is damaged/);
    renameSync(keyIn(directory), `${keyIn(directory)}.away`);
    expect(await refusedStart(directory)).toMatch(/WRONG_MASTER_KEY: There is data, but no master key file/);
    expect(existsSync(keyIn(directory))).toBe(false);
    expect(bytesOf(dataIn(directory))).toEqual(before);
    writeFileSync(keyIn(directory), own, { mode: 0o600 });
    expect(await (await start(directory)).stop()).toBe(0);
  });
});

describe('health', () => {
  test('is live and ready once it has said so, with the lag of every read model', async () => {
    const server = await start(fresh());
    expect(await health(server, 'live')).toEqual({ status: 200, body: { live: true } });
    const { status, body } = await health(server, 'ready');
    expect([status, body.ready]).toEqual([200, true]);
    expect(body.projections.map(({ projection }) => projection).toSorted()).toEqual([
      ...['access', 'accounts', 'affiliations', 'companies', 'contacts', 'deals', 'history', 'pipelines', 'products'],
      'workspaces',
    ]);
    for (const each of body.projections) expect(each).toMatchObject({ lagSeconds: 0, version: expect.any(Number) });
    expect(await server.stop()).toBe(0);
  });

  test('a corrupt event stops the read models there, says where, and leaves the server alive', async () => {
    const directory = fresh();
    const first = await start(directory);
    const ada = await signUp(first, 'Ada');
    const ask = asking(first, ada);
    const [before, corrupted] = [
      await newId(ask, 'contact', { givenName: 'Before' }),
      await newId(ask, 'contact', { givenName: 'Corrupt' }),
    ];
    await newId(ask, 'contact', { givenName: 'After' });
    const { eventHistory } = await ask(
      'query ($id: ID!) { eventHistory(filter: { entityId: $id }) { nodes { position } } }',
      { id: corrupted },
    );
    const { position } = eventHistory.nodes[0];
    expect(await first.stop()).toBe(0);
    const { events: fileKey } = await keysIn(directory);
    const file = join(dataIn(directory), 'events.db');
    const events = openDatabase({ file, fileKey, durability: 'full' });
    const { changes } = events
      .prepare(`UPDATE events SET body = '{"torn":' WHERE stream = ?`)
      .run(`contact-${corrupted}`);
    events.close();
    expect(changes).toBe(1);
    const [readModels] = readModelFilesIn(directory);
    for (const end of ['', '-wal', '-shm']) rmSync(join(dataIn(directory), readModels! + end), { force: true });

    const server = await start(directory);
    const found = await eventually('the corrupt event', async () => {
      const { status, body } = await health(server, 'ready');
      return status === 503 && body;
    });
    expect(found.ready).toBe(false);
    for (const { stopped } of found.projections) expect(stopped).toEqual({ position, code: 'CORRUPT_EVENT' });
    expect((await health(server, 'live')).status).toBe(200);
    expect(server.output()).toMatch(new RegExp(`"position":"${position}".*"code":"CORRUPT_EVENT"`));
    const { contacts } = await asking(server, ada)('{ contacts { nodes { id } } }');
    expect(contacts.nodes).toEqual([{ id: before }]);
    const { errors } = await server.ask(mutation('createContact', 'version'), { input: { givenName: 'Late' } }, ada);
    expect(errors?.[0]?.extensions.code).toBe('PROJECTION_STOPPED');
    const unreadable = await server.ask(
      mutation('updateContact', 'version'),
      { input: { id: corrupted, nickname: 'N' } },
      ada,
    );
    expect(unreadable.errors?.[0]?.extensions).toMatchObject({ code: 'CORRUPT_EVENT', position });
    expect(await server.stop()).toBe(0);
  });
});

describe('the explorer', () => {
  test('is served with all it needs, and nothing of it comes from elsewhere', async () => {
    const server = await start(fresh());
    const response = await fetch(`${server.origin}/explorer`);
    const page = await response.text();
    expect(response.headers.get('content-type')).toMatch('text/html');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/);
    expect(page.match(/(?:https?:)?\/\/[\w-]+\.[\w.-]+/g) ?? []).toEqual([]);
    const files = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(
      ([, path]) => new URL(path!, `${server.origin}/explorer/`),
    );
    const scripts = files.filter(({ pathname }) => pathname.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    for (const file of files) {
      if (file.pathname.endsWith('/')) continue;
      expect([file.origin, file.pathname, (await fetch(file)).status]).toEqual([server.origin, file.pathname, 200]);
    }
    const browser = { accept: 'text/html' };
    const redirected = await fetch(server.url, { headers: browser, redirect: 'manual' });
    expect([redirected.status, redirected.headers.get('location')]).toEqual([302, '/explorer']);
    expect((await fetch(`${server.origin}/explorer/../../package.json`)).status).toBe(404);
    expect((await fetch(`${server.origin}/explorer/%2e%2e/package.json`)).status).toBe(404);
    expect(await server.stop()).toBe(0);
  });

  test('is not there in production, nor is introspection', async () => {
    const server = await start(fresh(), { NODE_ENV: 'production' });
    expect((await fetch(`${server.origin}/explorer`)).status).toBe(404);
    const { errors } = await server.ask('{ __schema { queryType { name } } }');
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(await server.stop()).toBe(0);
  });
});
