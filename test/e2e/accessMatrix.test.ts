import { readFileSync, writeFileSync } from 'node:fs';
import { buildCrmSchema } from '../../schema/build.js';
import {
  aboutRecords,
  accessDocument,
  type Column,
  columnsOf,
  fieldRowsOf,
  furnish,
  isForEverybody,
  isRefused,
  type Row,
  rowsOf,
  run,
  type Setting,
  told,
  unreachedFields,
} from '../support/accessMatrix.js';
import { newId } from '../support/mutations.js';
import { rootFields } from '../support/sampleInputs.js';
import { asking, signUp } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { Workplace } from '../support/workplace.js';

const FILE = new URL('../../docs/access.md', import.meta.url);
/** Some two thousand requests. */
const TIMEOUT_MS = 900_000;

const directory = temporaryDirectory();
const schema = buildCrmSchema();
const operations = rootFields(schema).filter(({ kind }) => kind !== 'subscription');
let setting: Setting;
let columns: readonly Column[];
let rows: readonly Row[];

beforeAll(async () => {
  const workplace = await Workplace.open(directory.path());
  const owner = await workplace.owner('Olga');
  const ask = asking(workplace, owner);
  const newClient = async () => furnish(workplace, owner, await newId(ask, 'client', { name: 'C' }));
  setting = { workplace, owner, kept: { assigned: await newClient(), other: await newClient() } };
  columns = await columnsOf(setting);
  rows = await rowsOf(schema, columns, setting);
}, TIMEOUT_MS);
afterAll(() => setting.workplace.close());

test(
  '[P5.3] docs/access.md says what the server does, for every operation and role',
  async () => {
    const fields = await fieldRowsOf(schema, columns, setting);
    const document = accessDocument(schema, columns, rows, fields);
    if (process.env.WRITE_ACCESS === '1') writeFileSync(FILE, document);
    expect(readFileSync(FILE, 'utf8')).toBe(document);
    expect(unreachedFields(schema)).toEqual([]);
  },
  TIMEOUT_MS,
);

test('[P5.3] nobody who is not signed in may do anything but what is for anybody', () => {
  const nobody = columns.findIndex(({ name }) => name === 'nobody');
  expect(rows.filter(({ verdicts }) => verdicts[nobody] !== 'no')).toEqual([]);
});

test('[P5.3] what is for everybody with an account is for nobody without, and for no key', async () => {
  const key = columns.find(({ name }) => name === 'key')!;
  for (const operation of operations.filter(isForEverybody)) {
    const isPublic = operation.field.extensions.allow === 'public';
    for (const { caller } of [columns[0]!, key]) {
      if (isPublic) continue;
      expect([operation.name, isRefused(await run(setting.workplace, operation, caller))]).toEqual([
        operation.name,
        true,
      ]);
    }
  }
});

test(
  '[P5.3] whoever is not a member is refused everything in a workspace, as in one that there is not',
  async () => {
    const stranger = await signUp(setting.workplace, 'Stranger');
    for (const operation of operations.filter((each) => !isForEverybody(each))) {
      for (const workspace of [setting.owner.workspace, crypto.randomUUID()]) {
        const { errors } = await run(setting.workplace, operation, { token: stranger.token, workspace });
        expect([operation.name, errors?.[0]?.extensions]).toEqual([
          operation.name,
          { code: 'FORBIDDEN', field: 'x-workspace' },
        ]);
      }
    }
  },
  TIMEOUT_MS,
);

test(
  '[P5.3] a record of another workspace is answered as one that there is not, whatever the role',
  async () => {
    const { workplace } = setting;
    const eve = await workplace.owner('Eve');
    const client = await newId(asking(workplace, eve), 'client', { name: 'Hers' });
    const foreign = await furnish(workplace, eve, client);
    const id = () => crypto.randomUUID();
    for (const operation of operations) {
      const about = aboutRecords[operation.name];
      if (about === undefined) continue;
      for (const { name, caller } of columns) {
        const unknown = { client: id(), company: id(), contact: id(), deal: id() };
        const none = told(await run(workplace, operation, caller, about(unknown)));
        const hers = told(await run(workplace, operation, caller, about(foreign)));
        expect([operation.name, name, hers]).toEqual([operation.name, name, none]);
      }
    }
  },
  TIMEOUT_MS,
);
