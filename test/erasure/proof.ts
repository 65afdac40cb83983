import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { scanHistory, scanPages } from '../../src/app/remains.js';
import type { StoredEvent } from '../../src/kernel/envelope.js';
import { Needles } from '../../src/remains/needles.js';
import { type Found, scanBytes, scanDirectory } from '../../src/remains/scan.js';
import type { DerivedKeys } from '../../src/vault/keys.js';
import { dataDirIn, readModelFilesIn } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { keysIn } from '../support/keys.js';
import { type Asking, CONTACT_PARTS, historyOf } from '../support/mutations.js';
import { runCli, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { Canary } from './canary.js';
import { eventsOf, type KeptKey, keysOfSubjects, memoryOf, rowsOf, secretsOf, snapshotOptions } from './evidence.js';
import { sendMalformed, sendRefused } from './refused.js';
import {
  askingAs,
  filesToImport,
  importPeople,
  type Person,
  searchFor,
  write,
  writeBystander,
  writeMentions,
  writePerson,
  writeStatistic,
} from './story.js';

const ERASURES = `{ erasures(first: 100) { nodes { id standing results { contactId subjectId receipts { step name count }
  keysDestroyed { fingerprint } certificate { certificate keyId signature path } } } } }`;
const PATIENCE_MS = 240_000;

/** What was there before and after the erasures, for the tests to judge. */
export interface Evidence {
  readonly canary: Canary;
  readonly directory: string;
  readonly keys: DerivedKeys;
  readonly ada: SignedUp;
  readonly erased: readonly Person[];
  readonly anonymised: Person;
  readonly backup: string;
  readonly keptKeys: readonly KeptKey[];
  readonly before: { readonly found: readonly Found[]; readonly rows: ReadonlyMap<string, string> };
  /** The files of the read models when the first certificate was seen. */
  readonly filesWhenCertified: readonly string[];
  readonly fileBefore: string;
  readonly after: {
    readonly files: readonly Found[];
    readonly pages: readonly Found[];
    readonly history: readonly Found[];
    readonly memory: readonly Found[];
    readonly printed: readonly Found[];
    readonly answers: readonly Found[];
  };
  /** The events of those who were erased, as they are stored. */
  readonly ciphertext: readonly StoredEvent[];
}

/** Everything that a caller is shown. */
const everythingShown = async (ask: Asking, server: TestServer, ada: SignedUp, ids: readonly string[]) => {
  const { erasures } = await ask(ERASURES);
  const headers = { authorization: `Bearer ${ada.token}`, 'x-workspace': ada.workspaceId, accept: 'text/html' };
  const pages = erasures.nodes.flatMap(({ results }: { results: { certificate: { path: string } }[] }) =>
    results.map(({ certificate }) =>
      fetch(`${server.origin}${certificate.path}`, { headers }).then((page) => page.text()),
    ),
  );
  return JSON.stringify([
    erasures,
    await Promise.all(pages),
    await historyOf(ask),
    await ask(`{ contacts(first: 100) { nodes { ${CONTACT_PARTS} kept { birthYear } } } }`),
    await Promise.all(ids.map((id) => ask('query ($id: ID!) { contact(id: $id) { displayName notes } }', { id }))),
    await ask(
      '{ anonymityReport { combinations { people } } companies { nodes { name notes } } deals { nodes { title } } }',
    ),
  ]);
};

const follow = (server: TestServer, ada: SignedUp) => {
  const connectionParams = { authorization: `Bearer ${ada.token}`, 'x-workspace': ada.workspaceId };
  const url = server.url.replace('http', 'ws');
  const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, lazy: false, retryAttempts: 0 });
  const sink = { next: () => undefined, error: () => undefined, complete: () => undefined };
  const query = 'subscription ($filter: HistoryFilter) { events(filter: $filter) { id fields { name value } } }';
  client.subscribe({ query, variables: {} }, sink);
  return client;
};

/** Writes the canary through every path, erases, and gathers what is left everywhere. Kills the server in the end. */
export const gatherEvidence = async (directory: string): Promise<Evidence> => {
  const dataDir = dataDirIn(directory);
  const env = { LOG_LEVEL: 'debug', ERASURE_LEDGER_COPY: join(directory, 'copy') };
  const aside = mkdtempSync(join(tmpdir(), 'crm-proof-'));
  const canary = new Canary();
  const printed: (() => string)[] = [];
  const started = async () => {
    const server = await startServer(directory, env, snapshotOptions(aside));
    printed.push(server.output);
    return server;
  };
  const cli = async (...args: string[]) => {
    const { code, output } = await runCli(directory, args, env);
    printed.push(() => output);
    if (code !== 0) throw new Error(output);
  };
  let server = await started();
  const closeAside = () => rmSync(aside, { recursive: true, force: true });
  try {
    const ada = await signUp(server, 'Ada');
    let ask = askingAs(server, ada);
    await writeBystander(ask);
    await importPeople(ask, canary);
    await server.stop();
    await cli('import', 'contacts', ...filesToImport(canary, aside));
    server = await started();
    ask = askingAs(server, ada);
    const subscriptions = follow(server, ada);
    const person = await writePerson(ask, canary);
    const statistic = await writeStatistic(ask, canary);
    const correct = await writeMentions(ask, canary, person);
    await sendRefused(server, ada, canary);
    await sendMalformed(server, ada, canary);
    await searchFor(ask, canary, person);
    const { contacts } = await ask('{ contacts(first: 100) { nodes { id subjectId displayName } } }');
    const everybody: Person[] = contacts.nodes.map((each: { id: string; subjectId: string; displayName: string }) => ({
      ...each,
      subject: each.subjectId,
      name: each.displayName,
    }));
    const imported = everybody.filter(
      ({ id, name }) => ![person.id, statistic.id].includes(id) && !/Bystander/.test(name),
    );
    if (imported.length !== 4) throw new Error(`There are ${imported.length} people where four were imported.`);
    const gone = [person, statistic, ...imported];

    const keys = await keysIn(directory);
    const written = Needles.of(canary.texts('person', 'mention', 'left'));
    const found = [...(await scanPages(dataDir, keys, written)), ...(await scanHistory(dataDir, keys, written))];
    const [fileBefore] = readModelFilesIn(directory);
    const generation = fileBefore!.slice('read-models-'.length, -'.db'.length);
    const keptKeys = await keysOfSubjects(dataDir, keys, [...gone.map(({ subject }) => subject), generation]);
    await cli('backup', '--to', join(directory, 'backups'));
    await correct();
    const rows = await rowsOf(dataDir, keys);

    await write(ask, canary, 'eraseContact', 'subjectId', 'reason', { id: person.id });
    await write(ask, canary, 'anonymiseContact', 'erasureId', 'reason', { id: statistic.id });
    const contactIds = imported.map(({ id }) => id);
    await write(ask, canary, 'requestErasure', 'id', 'reason', { contactIds, kind: 'ERASE' });
    let filesWhenCertified: string[] | undefined;
    await eventually(
      'every certificate',
      async () => {
        const { erasures } = await ask(ERASURES);
        const standings: string[] = erasures.nodes.map(({ standing }: { standing: string }) => standing);
        if (standings.includes('CERTIFIED')) filesWhenCertified ??= readModelFilesIn(directory);
        return standings.length === 3 && standings.every((each) => each === 'CERTIFIED');
      },
      PATIENCE_MS,
    );
    const answers = await everythingShown(
      ask,
      server,
      ada,
      gone.map(({ id }) => id),
    );
    await subscriptions.dispose();
    const memory = await memoryOf(server, aside);
    await server.kill();

    const opens = Needles.of(canary.texts('person', 'passing'), secretsOf(keptKeys));
    const shows = Needles.of(canary.texts('person', 'passing', 'mention', 'reason'), secretsOf(keptKeys));
    const after = {
      files: scanDirectory(directory, shows),
      pages: await scanPages(dataDir, keys, shows),
      history: await scanHistory(dataDir, keys, opens),
      memory: scanBytes('memory', memory, shows),
      printed: scanBytes('output', Buffer.from(printed.map((output) => output()).join('\n')), shows),
      answers: scanBytes('answers', Buffer.from(answers), opens),
    };
    const [backup] = readdirSync(join(directory, 'backups')).filter((name) => name !== 'keys');
    return {
      ...{ canary, directory, keys, ada, anonymised: statistic, keptKeys, after },
      erased: [person, ...imported],
      backup: join(directory, 'backups', backup!),
      before: { found, rows },
      filesWhenCertified: filesWhenCertified ?? [],
      fileBefore: fileBefore!,
      ciphertext: await eventsOf(
        dataDir,
        keys,
        gone.map(({ subject }) => subject),
      ),
    };
  } finally {
    await server.kill();
    closeAside();
  }
};
