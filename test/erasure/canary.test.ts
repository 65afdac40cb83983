import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../../src/app/dataDir.js';
import { scanFiles, scanHistory, scanPages } from '../../src/app/remains.js';
import { canonicalEnvelope } from '../../src/kernel/envelope.js';
import { isSignedBy, type PublicJwk } from '../../src/privacy/erasure/certificateKey.js';
import { Needles } from '../../src/remains/needles.js';
import { decryptedPages } from '../../src/remains/pages.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { openField } from '../../src/vault/seal.js';
import { dataDirIn, readModelFilesIn, withVaultAndState } from '../support/dataFiles.js';
import { attempt } from '../support/mutations.js';
import { asking, runCli, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { allTextPaths } from './canary.js';
import { eventsOf, rowsOf, secretsOf, told, writtenLate } from './evidence.js';
import { isExempt } from './exempt.js';
import { type Evidence, gatherEvidence } from './proof.js';
import { askingAs, schema } from './story.js';

/** The whole story, several processes and a snapshot of memory. */
const TIMEOUT_MS = 900_000;
/** As much of a ciphertext as it is known by: a longer piece is cut more often by the end of a page. */
const PIECE_BYTES = 32;
const root = temporaryDirectory();
let evidence: Evidence;
let server: TestServer | undefined;

beforeAll(async () => {
  evidence = await gatherEvidence(root.path());
}, TIMEOUT_MS);
afterEach(async () => {
  await server?.kill();
  server = undefined;
});

const dataDir = () => dataDirIn(root.path());
const everybody = () => [...evidence.erased, evidence.anonymised];
const restarted = async () => {
  server = await startServer(root.path(), { ERASURE_LEDGER_COPY: join(root.path(), 'copy') });
  return { server, ask: askingAs(server, evidence.ada) };
};

test('[P7.3] every place of the API in which words can be written is written to by the canary, or named with the reason why not', () => {
  const missing = allTextPaths(schema).filter((place) => !evidence.canary.covered.has(place) && !isExempt(place));
  expect(missing).toEqual([]);
});

test('[P7.3] before, the scanner finds every marker: otherwise that it finds none afterwards would prove nothing', () => {
  const seen = new Set(evidence.before.found.map(({ marker }) => marker));
  expect(evidence.canary.unseen(seen, 'person', 'mention', 'left')).toEqual([]);
  expect(evidence.canary.texts('person').length).toBeGreaterThan(100);
  const places = new Set(
    evidence.before.found.map(({ where }) => where.replace(/^.*\//, '').replace(/[-,].*| at .*/, '')),
  );
  expect([...places]).toEqual(expect.arrayContaining(['read', 'ContactCreated', 'ContactUpdated', 'ConsentGiven']));
});

test('[P7.3] after, no marker and no byte of a key is in any file, backups and ledgers among them', () => {
  expect(told(evidence.after.files, evidence.canary)).toEqual([]);
});

test('[P7.3] after, none is in any decrypted page: live, free, of the search index, or anywhere in a log', () => {
  expect(told(evidence.after.pages, evidence.canary)).toEqual([]);
});

test('[P7.3] after, nothing in the history that still opens says anything of the person', () => {
  expect(told(evidence.after.history, evidence.canary)).toEqual([]);
});

test('[P7.3] after, none is in the memory of the server that has carried it out', () => {
  expect(told(evidence.after.memory, evidence.canary)).toEqual([]);
});

test('[P7.3] none was ever printed or logged, at the most talkative level', () => {
  expect(told(evidence.after.printed, evidence.canary)).toEqual([]);
});

test('[P7.3] after, none is in any answer: history, lists, totals, certificates and their pages', () => {
  expect(told(evidence.after.answers, evidence.canary)).toEqual([]);
});

test('[P7.3] the old key opens the old ciphertext: until it is compacted away, it is the destruction of the key that counts', () => {
  const { ciphertext, keptKeys } = evidence;
  const texts = ciphertext.flatMap(({ id: eventId, type, subject, sealed }) =>
    Object.entries(sealed).map(([field, value]) => {
      const old = keptKeys.find((each) => each.subject === subject && each.class === value.class)!;
      return JSON.stringify(openField(old.key, { eventId, type, subject, class: value.class, field }, value));
    }),
  );
  const said = texts.join('\n');
  expect(texts.length).toBeGreaterThan(40);
  expect(evidence.canary.texts('person').filter((text) => said.includes(text)).length).toBeGreaterThan(100);
});

test(
  '[P7.3] after compaction there is no ciphertext that the old key could open, and every digest is as it was',
  async () => {
    const { ciphertext, keys } = evidence;
    const fieldsOf = (events: typeof ciphertext) => events.flatMap(({ sealed }) => Object.values(sealed));
    const pieces = fieldsOf(ciphertext).map(({ bytes }) => Buffer.from(bytes!.subarray(0, PIECE_BYTES)));
    const standing = () => {
      const pages = decryptedPages(filesIn(dataDir()).events, keys.events);
      return pieces.filter((piece) => pages.some(({ bytes }) => bytes.includes(piece))).length;
    };
    // All but one or two, which the end of a page may cut.
    expect(standing()).toBeGreaterThan(pieces.length - 3);
    const { code, output } = await runCli(root.path(), ['compact'], { ERASURE_LEDGER_COPY: join(root.path(), 'copy') });
    expect([output, code]).toEqual([expect.stringMatching(/^compacted/), 0]);
    expect(standing()).toBe(0);
    const after = await eventsOf(
      dataDir(),
      keys,
      everybody().map(({ subject }) => subject),
    );
    expect(after.map(canonicalEnvelope)).toEqual(ciphertext.map(canonicalEnvelope));
    expect(fieldsOf(after).filter(({ bytes }) => bytes !== null)).toEqual([]);
  },
  TIMEOUT_MS,
);

test('[P7.3] the certificates came when the read store was a new file under a new key, and the old one was gone', async () => {
  expect(evidence.filesWhenCertified).toHaveLength(1);
  expect(evidence.filesWhenCertified).not.toContain(evidence.fileBefore);
  expect(existsSync(join(dataDir(), evidence.fileBefore))).toBe(false);
  expect(readModelFilesIn(root.path())).toHaveLength(1);
});

test('[P7.3] the certificates are signed, and name the fingerprints that the vault and the ledger have of the destroyed keys', async () => {
  const { server: running, ask } = await restarted();
  const { keys } = (await (await fetch(`${running.origin}/.well-known/erasure-certificate-keys`)).json()) as {
    keys: PublicJwk[];
  };
  const { erasures } = await ask(
    '{ erasures { nodes { results { subjectId certificate { certificate signature } } } } }',
  );
  const results = erasures.nodes.flatMap((each: { results: unknown[] }) => each.results);
  expect(results).toHaveLength(everybody().length);
  for (const { subjectId, certificate } of results) {
    expect(isSignedBy(keys[0]!, certificate.certificate, certificate.signature)).toBe(true);
    const { keysDestroyed } = JSON.parse(certificate.certificate);
    const own = evidence.keptKeys.filter(({ subject }) => subject === subjectId);
    expect(keysDestroyed.length).toBeGreaterThanOrEqual(own.length);
  }
});

test('[P7.3] nothing can be written for the person any more, no claim of theirs is left, and an old key cannot be put back', async () => {
  const { server: running } = await restarted();
  const caller = { token: evidence.ada.token, workspace: evidence.ada.workspaceId };
  for (const { id } of everybody()) {
    const answers = [
      await attempt(running, caller, 'updateContact', { id, nickname: 'Back again' }),
      await attempt(running, caller, 'recordConsent', {
        contactId: id,
        purpose: 'MARKETING',
        channel: 'EMAIL',
        noticeVersion: '1',
      }),
    ];
    expect(answers.map(({ errors }) => errors?.[0]?.extensions.code)).toEqual(['SUBJECT_ERASED', 'SUBJECT_ERASED']);
  }
  await running.stop();
  // The answer says so of what was written and is not shown as well.
  const subjects = everybody().map(({ subject }) => subject);
  expect(writtenLate(await eventsOf(dataDir(), evidence.keys, subjects))).toEqual([]);
  await withVaultAndState(root.path(), async ({ vault, stateStore }) => {
    for (const { subject } of everybody()) {
      expect(await vault.state(evidence.ada.workspaceId, subject)).toBe('destroyed');
      expect(await stateStore.releaseClaimsOf(subject)).toBe(0);
    }
  });
  const database = openDatabase({ file: filesIn(dataDir()).vault, fileKey: evidence.keys.vault, durability: 'full' });
  const putBack = (wrapped: Buffer, subject: string, of: string) =>
    database
      .prepare(
        'UPDATE keys SET destroyed = 0, wrapped = ? WHERE class = ? AND subject = (SELECT id FROM subjects WHERE subject = ?)',
      )
      .run(wrapped, of, subject);
  for (const { wrapped, subject, class: of } of evidence.keptKeys) {
    expect(() => putBack(wrapped, subject, of)).toThrow('destroyed');
  }
  database.close();
});

test('[P7.3] everybody else’s rows are byte for byte what they were before', async () => {
  const after = await rowsOf(dataDir(), evidence.keys);
  const own = everybody().flatMap(({ id, subject }) => [id, subject]);
  const others = [...evidence.before.rows].filter(
    ([at, row]) => / rows /.test(at) && !own.some((id) => at.includes(id) || row.includes(id)),
  );
  expect(others.length).toBeGreaterThan(10);
  expect(others.filter(([at, row]) => after.get(at) !== row)).toEqual([]);
  // The history itself stays, by ids; nothing else does.
  const models = [...after].filter(([at]) => !at.startsWith('history '));
  for (const { id, subject } of evidence.erased) {
    expect(models.filter((each) => each.some((text) => text.includes(id) || text.includes(subject)))).toEqual([]);
  }
});

test(
  '[P7.3] the read models filled anew from the first event are those that were live',
  async () => {
    const live = await rowsOf(dataDir(), evidence.keys);
    const { code, output } = await runCli(root.path(), ['rebuild'], { ERASURE_LEDGER_COPY: join(root.path(), 'copy') });
    expect([output, code]).toEqual([expect.stringContaining('rebuilt contacts'), 0]);
    const replayed = await rowsOf(dataDir(), evidence.keys);
    const differences = [...new Set([...live.keys(), ...replayed.keys()])]
      .map((at) => [at, live.get(at), replayed.get(at)])
      .filter(([, one, other]) => one !== other);
    expect(differences).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  '[P5.4] restoring the backup of before the erasure, with its keys, brings nobody back',
  async () => {
    const env = { ERASURE_LEDGER_COPY: join(root.path(), 'copy') };
    rmSync(dataDir(), { recursive: true });
    const { code, output } = await runCli(root.path(), ['restore', '--from', evidence.backup], env);
    expect([output, code]).toEqual([expect.stringContaining('carried out again: 6 erasures'), 0]);
    const { server: running, ask } = await restarted();
    for (const { id } of evidence.erased) {
      expect(await ask('query ($id: ID!) { contact(id: $id) { id } }', { id })).toEqual({ contact: null });
    }
    const { contacts } = await asking(running, { token: evidence.ada.token, workspace: evidence.ada.workspaceId })(
      '{ contacts(filter: { search: "Bystander" }) { nodes { givenName } } }',
    );
    expect(contacts.nodes).toEqual([{ givenName: 'Grace' }]);
    await running.kill();
    const nothing = Needles.of(
      evidence.canary.texts('person', 'passing'),
      secretsOf(evidence.keptKeys.filter(({ subject }) => everybody().some((each) => each.subject === subject))),
    );
    const config = { dataDir: dataDir(), erasureLedgerDir: join(root.path(), 'master.ledger') };
    const left = [
      ...scanFiles(config, nothing),
      ...(await scanPages(dataDir(), evidence.keys, nothing)),
      ...(await scanHistory(dataDir(), evidence.keys, nothing)),
    ];
    expect(told(left, evidence.canary)).toEqual([]);
  },
  TIMEOUT_MS,
);
