import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../../src/app/dataDir.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { dataDirIn } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { keysIn } from '../support/keys.js';
import { mutate, newId } from '../support/mutations.js';
import { runCli, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { newWord } from './canary.js';
import { type KeptKey, keysOfSubjects } from './evidence.js';
import { askingAs } from './story.js';

const TIMEOUT_MS = 300_000;
const directory = temporaryDirectory();
const [name, address] = [newWord(), `${newWord()}@example.com`];
let erased: string;
let present: string;
let keptKeys: readonly KeptKey[];

const prove = (contact: string, ...more: string[]) =>
  runCli(directory.path(), ['prove-erasure', '--contact', contact, ...more]);
const markers = (...values: string[]): string[] => {
  const file = join(directory.path(), 'markers');
  writeFileSync(file, values.join('\n'));
  return ['--markers', file];
};

beforeAll(async () => {
  const server = await startServer(directory.path());
  const ask = askingAs(server, await signUp(server, 'Ada'));
  present = await newId(ask, 'contact', { givenName: 'Grace' });
  await newId(ask, 'company', { name: 'Acme', notes: ['Spoke with Mentioned-by-others.'] });
  const { contact } = await mutate(
    ask,
    'createContact',
    { givenName: name, emails: [{ value: address }] },
    'contact { id subjectId }',
  );
  erased = contact.id;
  keptKeys = await keysOfSubjects(dataDirIn(directory.path()), await keysIn(directory.path()), [contact.subjectId]);
  await mutate(ask, 'eraseContact', { id: erased }, 'subjectId');
  await eventually(
    'the certificate',
    async () => (await ask('{ erasures { nodes { standing } } }')).erasures.nodes[0].standing === 'CERTIFIED',
    TIMEOUT_MS,
  );
  await server.stop();
}, TIMEOUT_MS);

test(
  '[P7.3] crm prove-erasure finds nothing of a contact who was erased, also with what was known of them',
  async () => {
    const { code, output } = await prove(erased, ...markers(name, address));
    expect(output).toContain(`Nothing of contact ${erased} is left to be read.`);
    for (const at of ['certificate', 'keys in the vault', 'erasure ledger', 'ciphertext', 'rows and index terms']) {
      expect(output).toContain(`nothing  ${at} (`);
    }
    expect(output).toContain('2 markers looked for');
    expect(code).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  '[P7.3] crm prove-erasure ends with 1 where a contact was not erased, and where a record of others still says something of them',
  async () => {
    const there = await prove(present);
    expect([there.code, there.output]).toEqual([
      1,
      expect.stringContaining('The history has no erasure of this contact.'),
    ]);
    const spokenOf = await prove(erased, ...markers(name, 'Mentioned-by-others'));
    expect([spokenOf.code, spokenOf.output]).toEqual([
      1,
      expect.stringContaining('Marker 2 as UTF-8 in CompanyCreated'),
    ]);
    expect(spokenOf.output).not.toContain('Marker 1 ');
    expect(spokenOf.output).not.toContain('Mentioned-by-others');
  },
  TIMEOUT_MS,
);

test(
  '[P7.3] crm prove-erasure finds a key that was put back, what it opens, and a ledger that does not know of the erasure',
  async () => {
    const { vault } = filesIn(dataDirIn(directory.path()));
    const fileKey = (await keysIn(directory.path())).vault;
    const database = openDatabase({ file: vault, fileKey, durability: 'full' });
    database.exec('DROP TRIGGER destroyed_keys_stay_destroyed');
    for (const { wrapped, subject, class: of } of keptKeys) {
      database
        .prepare(
          'UPDATE keys SET destroyed = 0, wrapped = ? WHERE class = ? AND subject = (SELECT id FROM subjects WHERE subject = ?)',
        )
        .run(wrapped, of, subject);
    }
    database.close();
    const ledger = join(directory.path(), 'master.ledger', 'erasure-ledger.jsonl');
    writeFileSync(ledger, `${readFileSync(ledger, 'utf8').split('\n')[0]}\n`);
    const { code, output } = await prove(erased);
    expect(output).toMatch(/FOUND {4}keys in the vault \(.*\n {9}A key of class \w+ is there: [0-9a-f]{64}\./);
    expect(output).toMatch(/FOUND {4}ciphertext \(.*\n {9}\w+ of ContactCreated at \d+ opens\./);
    expect(output).toMatch(/FOUND {4}erasure ledger \(.*\n {9}The erasure is not in the ledger/);
    expect(output).not.toContain(name);
    expect(code).toBe(1);
  },
  TIMEOUT_MS,
);

test('crm prove-erasure says what it needs: a contact, and markers that do not stand anywhere by chance', async () => {
  const nobody = await runCli(directory.path(), ['prove-erasure']);
  expect([nobody.code, nobody.output]).toEqual([1, expect.stringContaining('BAD_CONFIGURATION')]);
  const short = await prove(erased, ...markers('Ann'));
  expect([short.code, short.output]).toEqual([1, expect.stringContaining('BAD_CONFIGURATION')]);
});
