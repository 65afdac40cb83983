import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesIn } from '../../src/app/dataDir.js';
import { scanHistory, scanPages } from '../../src/app/remains.js';
import { isSignedBy, type PublicJwk } from '../../src/privacy/erasure/certificateKey.js';
import { Needles } from '../../src/remains/needles.js';
import { type Found, scanBytes, scanDirectory } from '../../src/remains/scan.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { readSqliteEntry } from '../../src/statestore/sqlite.js';
import { dataDirIn, readModelFilesIn, withVaultAndState } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { keysIn } from '../support/keys.js';
import { type Asking, attempt, historyOf, mutate } from '../support/mutations.js';
import { asking, runCli, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { Canary } from './canary.js';
import {
  eventsOf,
  type KeptKey,
  keysOfSubjects,
  memoryOf,
  rowsOf,
  secretsOf,
  snapshotOptions,
  told,
  writtenLate,
} from './evidence.js';
import { askingAs, writeBystander } from './story.js';

const PATIENCE_MS = 120_000;

/** One person of a few words, who was erased, and what is needed to judge that. */
interface ShortRun {
  readonly directory: string;
  /** Outside of everything that is looked through. */
  readonly aside: string;
  readonly dist: string;
  readonly canary: Canary;
  readonly server: TestServer;
  readonly ada: SignedUp;
  readonly ask: Asking;
  /** The erasure once it is certified, asked for until it is, once. */
  readonly certified: () => Promise<CertifiedErasure>;
  readonly contact: { readonly id: string; readonly subjectId: string };
  readonly keptKeys: readonly KeptKey[];
  readonly needles: Needles;
  readonly fileBefore: string;
  readonly rowsBefore: ReadonlyMap<string, string>;
}

/** A part of the proof: what it has found, as sentences; nothing where all is well. */
interface Part {
  /** Before the erasure; answers what it wants to remember. */
  readonly prepare?: (run: ShortRun) => Promise<unknown>;
  /** What has to have come before the server may end. */
  readonly lastly?: (run: ShortRun, prepared: unknown) => Promise<unknown>;
  readonly judge: (run: ShortRun, prepared: unknown) => Promise<readonly string[]>;
}

const inWords = ({ canary }: ShortRun, found: readonly Found[]): string[] => told(found, canary);
const expected = (what: string, isSo: boolean): string[] => (isSo ? [] : [what]);

const CERTIFICATES = '{ erasures { nodes { standing results { subjectId certificate { certificate signature } } } } }';

interface CertifiedErasure {
  readonly standing: string;
  readonly results: readonly { subjectId: string; certificate: { certificate: string; signature: string } }[];
}

const certifiedBy = (ask: Asking): Promise<CertifiedErasure> =>
  eventually(
    'the certificate',
    async () => {
      const { erasures } = await ask(CERTIFICATES);
      return erasures.nodes.find(({ standing }: { standing: string }) => standing === 'CERTIFIED');
    },
    PATIENCE_MS,
  );

const pagesOfAll = async (run: ShortRun, needles: Needles) =>
  inWords(run, await scanPages(dataDirIn(run.directory), await keysIn(run.directory), needles));

/** Judged while the server runs. */
const whileItRuns = {
  'nothing is written after the fence': {
    async judge({ server, ada, directory, contact: { id, subjectId } }) {
      const caller = { token: ada.token, workspace: ada.workspaceId };
      const { errors } = await attempt(server, caller, 'updateContact', { id, nickname: 'Back again' });
      const late = writtenLate(await eventsOf(dataDirIn(directory), await keysIn(directory), [subjectId]));
      return [
        ...expected('A name was accepted for the person.', errors?.[0]?.extensions.code === 'SUBJECT_ERASED'),
        ...late.map((type) => `${type} was written for the person.`),
      ];
    },
  },
  'no answer shows the person': {
    async judge(run) {
      const { ask, contact, ada, server } = run;
      // The purpose for which the history shows what a law keeps of somebody erased; for others it does not even try.
      const forLaw = asking(server, { token: ada.token, workspace: ada.workspaceId, purpose: 'LEGAL_OBLIGATION' });
      const histories = [await historyOf(ask), await historyOf(forLaw)];
      const answers = [...histories, await shown(ask, contact.id), await ask(CERTIFICATES)];
      return inWords(run, scanBytes('answers', Buffer.from(JSON.stringify(answers)), run.needles));
    },
  },
  'nothing is logged': {
    judge: async (run) => inWords(run, scanBytes('output', Buffer.from(run.server.output()), run.needles)),
  },
  'the certificate is signed, and comes after the rewriting': {
    async judge(run) {
      const { results } = await run.certified();
      const stale = readModelFilesIn(run.directory).includes(run.fileBefore);
      const published = await fetch(`${run.server.origin}/.well-known/erasure-certificate-keys`);
      const [key] = ((await published.json()) as { keys: PublicJwk[] }).keys;
      const signed = results.every(({ certificate: { certificate, signature } }) =>
        isSignedBy(key!, certificate, signature),
      );
      return [
        ...expected('The old read store is there still.', !stale),
        ...expected('A signature is not that of the installation.', signed),
      ];
    },
  },
} satisfies { readonly [name: string]: Part };

/** Judged when nothing is asked of the server any more: it stands still meanwhile. */
const inTheEnd = {
  'nothing is in memory': {
    judge: async (run) => {
      await run.certified();
      return inWords(run, scanBytes('memory', await memoryOf(run.server, run.aside), run.needles));
    },
  },
} satisfies { readonly [name: string]: Part };

/** Judged on what the server has left, when it was killed. */
const onceItIsGone = {
  'nothing is in a file': {
    async judge(run) {
      return inWords(run, scanDirectory(run.directory, run.needles));
    },
  },
  'nothing is in a decrypted page': {
    lastly: ({ certified }) => certified(),
    async prepare(run) {
      const before = Needles.of(run.canary.texts('person'));
      const seen = await pagesOfAll(run, before);
      if (seen.length === 0) throw new Error('The scanner sees nothing, and so proves nothing.');
    },
    async judge(run) {
      return pagesOfAll(run, run.needles);
    },
  },
  'nothing in the history opens': {
    async judge(run) {
      return inWords(run, await scanHistory(dataDirIn(run.directory), await keysIn(run.directory), run.needles));
    },
  },
  'everybody else stays': {
    async judge({ directory, contact, rowsBefore }) {
      const after = await rowsOf(dataDirIn(directory), await keysIn(directory));
      const own = [contact.id, contact.subjectId];
      const others = [...rowsBefore].filter(
        ([at, row]) => / rows /.test(at) && !own.some((id) => at.includes(id) || row.includes(id)),
      );
      return others.filter(([at, row]) => after.get(at) !== row).map(([at]) => `${at} is not what it was.`);
    },
  },
  'an account that is closed leaves no password': {
    async prepare({ server, directory }) {
      const eve = await signUp(server, 'Eve');
      const { state } = filesIn(dataDirIn(directory));
      const hash = readSqliteEntry(state, (await keysIn(directory)).state, 'passwords', eve.account);
      return { eve, hash };
    },
    // Last of all, so that nothing else is written over what it leaves.
    async lastly({ server }, prepared) {
      const { eve } = prepared as { eve: SignedUp };
      await asking(server, { token: eve.token })('mutation { closeAccount(input: {}) { subjectId } }');
    },
    async judge(run, prepared) {
      const { hash } = prepared as { hash: string };
      // Whoever opens the file next empties its log, as every start does.
      await withVaultAndState(run.directory, async () => undefined);
      return pagesOfAll(run, Needles.of([hash]));
    },
  },
  'no claim is left': {
    async judge({ directory, contact }) {
      const left = await withVaultAndState(directory, ({ stateStore }) =>
        stateStore.releaseClaimsOf(contact.subjectId),
      );
      return expected('The person still claims an id.', left === 0);
    },
  },
  'a destroyed key cannot be put back': {
    async judge({ directory, keptKeys }) {
      const { vault } = filesIn(dataDirIn(directory));
      const database = openDatabase({ file: vault, fileKey: (await keysIn(directory)).vault, durability: 'full' });
      try {
        return keptKeys.flatMap(({ wrapped, subject, class: of }) => {
          try {
            const back = database.prepare(
              'UPDATE keys SET destroyed = 0, wrapped = ? WHERE class = ? AND subject = (SELECT id FROM subjects WHERE subject = ?)',
            );
            return [`${back.run(wrapped, of, subject).changes} key of class ${of} was put back.`];
          } catch {
            return [];
          }
        });
      } finally {
        database.close();
      }
    },
  },
  'a restored backup brings nobody back': {
    async prepare({ directory, dist }) {
      const { code, output } = await runCli(directory, ['backup', '--to', join(directory, 'backups')], {
        CRM_DIST: dist,
      });
      if (code !== 0) throw new Error(output);
    },
    async judge(run) {
      const dataDir = dataDirIn(run.directory);
      const backups = join(run.directory, 'backups');
      const [backup] = readdirSync(backups).filter((name) => name !== 'keys');
      rmSync(dataDir, { recursive: true });
      const { code, output } = await runCli(run.directory, ['restore', '--from', join(backups, backup!)], {
        CRM_DIST: run.dist,
      });
      if (code !== 0) throw new Error(output);
      return inWords(run, await scanHistory(dataDir, await keysIn(run.directory), run.needles));
    },
  },
} satisfies { readonly [name: string]: Part };

const parts = { ...whileItRuns, ...inTheEnd, ...onceItIsGone };
export type PartName = keyof typeof parts;
export const partNames = Object.keys(parts) as PartName[];

const shown = (ask: Asking, id: string) =>
  ask('query ($id: ID!) { contact(id: $id) { displayName notes externalId emails { value } } }', { id });

/** The person is looked for often enough to be in every cache, with variables and by words in the document. */
const writeAndRead = async (ask: Asking, canary: Canary): Promise<ShortRun['contact']> => {
  const place = (name: string) => canary.mark(name, 'person');
  const name = place('givenName');
  const input = {
    givenName: name,
    notes: [place('notes')],
    emails: [{ value: place('emails.value') }],
    externalId: place('externalId'),
  };
  const { contact } = await mutate(ask, 'createContact', input, 'contact { id subjectId }');
  await mutate(ask, 'updateContact', { id: contact.id, nickname: place('nickname') }, 'position');
  for (let time = 0; time < 3; time++) {
    await shown(ask, contact.id);
    const { contacts } = await ask(`{ contacts(filter: { search: "${name}" }) { nodes { id nickname } } }`);
    expect(contacts.nodes[0]?.id).toBe(contact.id);
  }
  await historyOf(ask);
  return contact;
};

const begun = async (directory: string, aside: string, dist: string, server: TestServer): Promise<ShortRun> => {
  const ada = await signUp(server, 'Ada');
  const ask = askingAs(server, ada);
  await writeBystander(ask);
  const canary = new Canary();
  const contact = await writeAndRead(ask, canary);
  const keys = await keysIn(directory);
  const keptKeys = await keysOfSubjects(dataDirIn(directory), keys, [contact.subjectId]);
  let certified: Promise<CertifiedErasure> | undefined;
  const once = () => {
    certified ??= certifiedBy(ask);
    return certified;
  };
  return {
    ...{ directory, aside, dist, canary, server, ada, ask, contact, keptKeys, certified: once },
    needles: Needles.of(canary.texts('person'), secretsOf(keptKeys)),
    fileBefore: readModelFilesIn(directory)[0]!,
    rowsBefore: await rowsOf(dataDirIn(directory), keys),
  };
};

/** Erases one person with the built product in `dist`, and answers what each of these parts of the proof has found. */
export const shortProof = async (
  dist: string,
  names: readonly PartName[],
): Promise<ReadonlyMap<PartName, readonly string[]>> => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-short-'));
  const aside = mkdtempSync(join(tmpdir(), 'crm-aside-'));
  const server = await startServer(directory, { CRM_DIST: dist, LOG_LEVEL: 'debug' }, snapshotOptions(aside));
  try {
    const run = await begun(directory, aside, dist, server);
    const wanted = partNames.filter((name) => names.includes(name)).map((name) => [name, parts[name] as Part] as const);
    const prepared = new Map<PartName, unknown>();
    // The last first: a backup is taken before anybody is erased.
    for (const [name, { prepare }] of wanted.toReversed()) prepared.set(name, await prepare?.(run));
    await mutate(run.ask, 'eraseContact', { id: run.contact.id }, 'subjectId');
    const found = new Map<PartName, readonly string[]>();
    const judge = async (group: object) => {
      for (const [name, part] of wanted) if (name in group) found.set(name, await part.judge(run, prepared.get(name)));
    };
    await judge(whileItRuns);
    for (const [name, { lastly }] of wanted) await lastly?.(run, prepared.get(name));
    await judge(inTheEnd);
    await server.kill();
    await judge(onceItIsGone);
    return found;
  } finally {
    await server.kill();
    for (const each of [directory, aside]) rmSync(each, { recursive: true, force: true });
  }
};
