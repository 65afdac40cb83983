import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupsIn } from '../../src/backup/open.js';
import { eventually } from '../support/eventually.js';
import { type Asking, historyOf, mutate, newId } from '../support/mutations.js';
import { asking, runCli, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

/** Several processes are started in each. */
const TIMEOUT_MS = 180_000;
const root = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: Asking;
let grace: string;
let kept: string;
let backup: string;

const inRoot = (...names: string[]) => join(root.path(), ...names);
const backups = () => inRoot('backups');
const cli = (...args: string[]) => runCli(root.path(), args);
const restore = (from: string, ...more: string[]) => cli('restore', '--from', from, ...more);
const dataDir = () => inRoot('data');
/** Puts the data aside, as after the loss of a disk. */
const lost = (name: string) => renameSync(dataDir(), inRoot(name));
const CONTACTS = '{ contacts(first: 100) { nodes { id givenName } totalCount } }';

beforeAll(async () => {
  server = await startServer(root.path());
  ada = await signUp(server, 'Ada');
  ask = asking(server, ada);
  grace = await newId(ask, 'contact', { givenName: 'Zyxomma', emails: [{ value: 'zyxomma@b.example' }] });
  kept = await newId(ask, 'contact', { givenName: 'Grace' });
}, TIMEOUT_MS);
afterAll(() => server.kill());

test(
  '[P5.4] a backup is taken beside a running server while others write: encrypted, checksummed, the keys apart',
  async () => {
    let over = false;
    const writer = (async () => {
      while (!over) await newId(ask, 'company', { name: 'Acme' });
    })();
    const { code, output } = await cli('backup', '--to', backups()).finally(() => {
      over = true;
    });
    await writer;
    expect([code, output]).toEqual([0, expect.stringMatching(/backed up \d+ events/)]);
    const [id] = readdirSync(backups()).filter((name) => name !== 'keys');
    backup = join(backups(), id!);
    expect(readdirSync(backup).sort()).toEqual(['events.db', 'manifest.json', 'state.db']);
    expect(readdirSync(join(backups(), 'keys', id!)).sort()).toEqual(['manifest.json', 'vault.db']);
    const { content } = JSON.parse(readFileSync(join(backup, 'manifest.json'), 'utf8'));
    expect(content).toMatchObject({ kind: 'data', counts: { events: Number(content.head) }, ledger: { sequence: 1 } });
    for (const name of ['events.db', 'state.db']) {
      const bytes = readFileSync(join(backup, name));
      expect([name, bytes.includes('SQLite format'), bytes.includes('contact-')]).toEqual([name, false, false]);
    }
  },
  TIMEOUT_MS,
);

test(
  'a backup is refused a data directory that holds data, and one that a server has open',
  async () => {
    expect(await restore(backup)).toMatchObject({ code: 1, output: expect.stringContaining('DATA_DIR_LOCKED') });
    await mutate(ask, 'eraseContact', { id: grace, reason: 'SUBJECT_REQUEST' }, 'subjectId');
    const certificate = await eventually('the certificate', async () => {
      const { erasures } = await ask('{ erasures { nodes { results { certificate { certificate } } } } }');
      return erasures.nodes[0].results[0]?.certificate?.certificate as string | undefined;
    });
    // [P5.6] A copy of the keys is there for seven days: the certificate says until when, and what it is.
    const { lastKeyBackupExpires } = JSON.parse(certificate);
    const days = (Date.parse(lastKeyBackupExpires) - Date.now()) / 86_400_000;
    expect([days > 6, days < 9]).toEqual([true, true]);
    await server.stop();
    expect(await restore(backup)).toMatchObject({ code: 1, output: expect.stringContaining('DATA_DIR_NOT_EMPTY') });
  },
  TIMEOUT_MS,
);

test(
  'damage to any file of a backup is named, another master key and a ledger that is not there stop it, and nothing is written',
  async () => {
    lost('data.before');
    const refused = async (code: string) => {
      expect(await restore(backup)).toMatchObject({ code: 1, output: expect.stringContaining(code) });
      expect(readdirSync(dataDir()).filter((name) => name !== 'lock')).toEqual([]);
    };
    for (const name of ['manifest.json', 'events.db', 'state.db']) {
      const file = join(backup, name);
      const whole = readFileSync(file);
      const flipped = Buffer.from(whole);
      flipped[whole.length >>> 1]! ^= 1;
      for (const bytes of [flipped, whole.subarray(0, whole.length - 1)]) {
        writeFileSync(file, bytes);
        await refused(`BACKUP_DAMAGED: A file of the backup is missing or not as it was written. (${name})`);
      }
      writeFileSync(file, whole);
    }
    const [key, otherKey] = [inRoot('master.key'), inRoot('other', 'master.key')];
    const other = await startServer(inRoot('other'));
    await other.stop();
    renameSync(key, `${key}.own`);
    writeFileSync(key, readFileSync(otherKey), { mode: 0o600 });
    await refused('WRONG_MASTER_KEY');
    renameSync(`${key}.own`, key);
    renameSync(inRoot('master.ledger'), inRoot('master.ledger.aside'));
    await refused('LEDGER_BROKEN');
    renameSync(inRoot('master.ledger.aside'), inRoot('master.ledger'));
  },
  TIMEOUT_MS,
);

test(
  '[P5.4] a restore carries out again what was erased since the backup: nobody comes back, and everything else is there',
  async () => {
    const { code, output } = await restore(backup);
    expect([code, output]).toEqual([0, expect.stringContaining('carried out again: 1 erasures')]);
    expect(existsSync(join(dataDir(), 'restore.partial'))).toBe(false);
    server = await startServer(root.path());
    const again = asking(server, ada);
    const { contacts } = await again(CONTACTS);
    expect(contacts.nodes).toEqual([{ id: kept, givenName: 'Grace' }]);
    const events = await historyOf(again, { entityId: grace });
    const personal = events.flatMap((event) => event.fields.filter((field: { personal: boolean }) => field.personal));
    expect(personal.length).toBeGreaterThan(0);
    expect(personal.every((field: { erased: boolean }) => field.erased)).toBe(true);
    await newId(again, 'contact', { givenName: 'After' });
    // The vault refuses keys of whoever was erased: a copy of it has them as destroyed.
    expect(await cli('backup', '--to', inRoot('backups-after'))).toMatchObject({ code: 0 });
    await server.stop();
    const [after] = backupsIn(inRoot('backups-after'));
    expect(await cli('restore-drill', '--from', inRoot('backups-after', after!))).toMatchObject({ code: 0 });
  },
  TIMEOUT_MS,
);

test(
  '[P5.4] a restore drill proves that nothing was lost and nobody erased came back, and is recorded',
  async () => {
    const before = readdirSync(tmpdir());
    const { code, output } = await cli('restore-drill', '--from', backup);
    expect([code, output]).toEqual([0, expect.stringMatching(/passed {2}restore of \S+, recorded 20.*Z\n/)]);
    expect(output).toMatch(/of [1-9]\d* erased subjects 0 can be read/);
    expect((await cli('restore-drills')).output).toContain(output);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('crm-restore') && !before.includes(name))).toEqual(
      [],
    );
  },
  TIMEOUT_MS,
);

test(
  'an older copy of the data directory that is put back by hand does not start',
  async () => {
    server = await startServer(root.path());
    const again = asking(server, ada);
    const other = await newId(again, 'contact', { givenName: 'Other' });
    await server.stop();
    // Taken between two starts, and put back after an erasure.
    renameSync(dataDir(), inRoot('data.copy'));
    await cli('restore', '--from', backup);
    server = await startServer(root.path());
    await mutate(asking(server, ada), 'eraseContact', { id: kept, reason: 'SUBJECT_REQUEST' }, 'subjectId');
    await server.stop();
    rmSync(dataDir(), { recursive: true });
    renameSync(inRoot('data.copy'), dataDir());
    await expect(startServer(root.path())).rejects.toThrow('DATA_BEHIND_LEDGER');
    expect(other).toBeDefined();
  },
  TIMEOUT_MS,
);

test(
  '[P5.4] a server that is told to takes backups by itself',
  async () => {
    const [own, to] = [inRoot('scheduled'), inRoot('scheduled-backups')];
    const scheduled = await startServer(own, { BACKUP_DIR: to, BACKUP_EVERY_HOURS: '24' });
    const taken = await eventually('a backup', () => existsSync(to) && backupsIn(to).at(-1), 30_000);
    await scheduled.stop();
    expect(existsSync(join(to, taken, 'events.db'))).toBe(true);
    expect(existsSync(join(to, 'keys', taken, 'vault.db'))).toBe(true);
  },
  TIMEOUT_MS,
);
