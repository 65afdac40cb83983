import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scanHistory, scanPages } from '../../src/app/remains.js';
import { Needles } from '../../src/remains/needles.js';
import { scanDirectory } from '../../src/remains/scan.js';
import { dataDirIn, readModelFilesIn } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { keysIn } from '../support/keys.js';
import { type Asking, mutate } from '../support/mutations.js';
import { type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { Canary } from './canary.js';
import { type KeptKey, keysOfSubjects, secretsOf, told } from './evidence.js';
import { killPointEdits, killPointModule, stepsBetweenReceipts } from './killPoints.js';
import { changedProduct, removeProduct } from './sabotage.js';
import { askingAs } from './story.js';

/** A process for each step. */
const TIMEOUT_MS = 900_000;
const directory = temporaryDirectory();
const canary = new Canary();
const keptKeys: KeptKey[] = [];
let dist: string;
let server: TestServer;
let ada: SignedUp;
let ask: Asking;

const killAt = () => join(directory.path(), 'kill-at');
const started = async () => {
  rmSync(killAt(), { force: true });
  server = await startServer(directory.path(), { KILL_AT_FILE: killAt(), CRM_DIST: dist });
};

beforeAll(async () => {
  dist = changedProduct(killPointEdits, killPointModule);
  await started();
  ada = await signUp(server, 'Ada');
}, TIMEOUT_MS);
afterAll(async () => {
  await server.kill();
  removeProduct(dist);
});

const newPerson = async () => {
  const place = (name: string) => canary.mark(name, 'person');
  const input = {
    givenName: place('givenName'),
    notes: [place('notes')],
    emails: [{ value: place('emails.value') }],
    externalId: place('externalId'),
  };
  const { contact } = await mutate(ask, 'createContact', input, 'contact { id subjectId }');
  await mutate(
    ask,
    'recordConsent',
    { contactId: contact.id, purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1', means: place('means') },
    'position',
  );
  keptKeys.push(
    ...(await keysOfSubjects(dataDirIn(directory.path()), await keysIn(directory.path()), [contact.subjectId])),
  );
  return contact as { id: string; subjectId: string };
};

const STANDINGS = '{ erasures(first: 100) { nodes { standing results { receipts { step name } } } } }';
const allCertified = () =>
  eventually(
    'every certificate',
    async () => {
      const { erasures } = await ask(STANDINGS);
      return erasures.nodes.every(({ standing }: { standing: string }) => standing === 'CERTIFIED');
    },
    TIMEOUT_MS,
  );

/** Every step that a receipt names; of the read models, which are only waited for, the first and the last. */
const stepsWithReceipts = async (): Promise<string[]> => {
  const { erasures } = await ask(STANDINGS);
  const receipts: { step: string; name: string | null }[] = erasures.nodes[0].results[0].receipts;
  const names = receipts.map(({ step, name }) => (name === null ? step : `${step} ${name}`));
  const readModels = names.filter((each) => each.startsWith('READ_MODEL_PURGED'));
  return names.filter((each) => !readModels.slice(1, -1).includes(each));
};

test(
  '[P7.3] after kill -9 at every step on the way the next start finishes the erasure, and nothing of anybody is left',
  async () => {
    ask = askingAs(server, ada);
    await mutate(ask, 'eraseContact', { id: (await newPerson()).id }, 'subjectId');
    await allCertified();
    const steps = [...(await stepsWithReceipts()), ...stepsBetweenReceipts];
    expect(steps.length).toBeGreaterThan(15);
    for (const step of steps) {
      const person = await newPerson();
      writeFileSync(killAt(), step);
      const gone = server.exited;
      await mutate(ask, 'eraseContact', { id: person.id }, 'subjectId').catch(() => undefined);
      // Those that come after the answer are reached in the background.
      expect([step, await gone]).toEqual([step, null]);
      await started();
      ask = askingAs(server, ada);
      expect([step, await ask(`{ contact(id: "${person.id}") { id } }`)]).toEqual([step, { contact: null }]);
    }
    await allCertified();
    await server.kill();
    const keys = await keysIn(directory.path());
    const dataDir = dataDirIn(directory.path());
    const needles = Needles.of(canary.texts('person'), secretsOf(keptKeys));
    const left = [
      ...scanDirectory(directory.path(), needles),
      ...(await scanPages(dataDir, keys, needles)),
      ...(await scanHistory(dataDir, keys, needles)),
    ];
    expect(told(left, canary)).toEqual([]);
    expect(readModelFilesIn(directory.path())).toHaveLength(1);
  },
  TIMEOUT_MS,
);
