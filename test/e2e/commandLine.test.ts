import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENTS, COMPANIES, DEALS, PEOPLE, PRODUCTS } from '../support/importSamples.js';
import { asking, runCli, type SignedUp, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let ada: SignedUp;
const cli = (...args: string[]) => runCli(directory.path(), args);
const file = (name: string, text: string): string => {
  const path = join(directory.path(), name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  const first = await startServer(directory.path());
  ada = await signUp(first, 'Ada');
  expect(await cli('status')).toMatchObject({ code: 1, output: expect.stringContaining('DATA_DIR_LOCKED') });
  expect(await first.stop()).toBe(0);
});

test('the command line imports contacts from several files and says what became of them', async () => {
  const [people, cards] = [
    file('people.csv', PEOPLE),
    file('card.vcf', 'BEGIN:VCARD\nVERSION:3.0\nFN:Card\nEND:VCARD\n'),
  ];
  const dry = await cli('import', 'contacts', people, '--dry-run');
  expect(dry).toEqual({
    code: 0,
    output: expect.stringMatching(/Dry run: nothing was written\.\ncontact: 3 created/),
  });
  const { code, output } = await cli('import', 'contacts', people, cards, '--map', 'contact:8=notes');
  expect([code, output]).toEqual([0, expect.stringMatching(/contact: 3 created, 0 updated, 0 unchanged, 0 left out/)]);
  expect(output).toContain('contact: 1 created');
  expect(output).toContain('8 → notes');
  expect(output).not.toMatch(/Zoë|kunde\.example/);
  expect((await cli('import', 'contacts', people, '--map', '8=notes')).output).toContain(
    '0 created, 0 updated, 3 unchanged',
  );
});

test('the command line imports deals with what they refer to', async () => {
  const args = ['import', 'deals', '--currency', 'EUR', '--workspace', ada.workspaceId];
  for (const [name, text] of Object.entries({
    deals: DEALS,
    companies: COMPANIES,
    products: PRODUCTS,
    agents: AGENTS,
  })) {
    args.push(`--${name}`, file(`${name}.csv`, text));
  }
  const { code, output } = await cli(...args);
  expect(code).toBe(0);
  expect(output).toContain('deal: 4 created, 0 updated, 0 unchanged, 1 left out');
  expect(output).toMatch(/UNKNOWN_PRODUCT \(product\): .+ Line 3/);
  expect((await cli(...args)).output).toContain('deal: 0 created, 0 updated, 4 unchanged, 1 left out');
});

test('the command line says where every read model stands, and rebuilds those that are named', async () => {
  const { code, output } = await cli('status');
  expect(code).toBe(0);
  const lines = output.trim().split('\n');
  expect(lines).toHaveLength(10);
  for (const line of lines) expect(line).toMatch(/^\w+ v\d+ at \d+, level$/);
  expect(await cli('rebuild', 'contacts', 'deals')).toEqual({ code: 0, output: 'rebuilt contacts\nrebuilt deals\n' });
  expect((await cli('status')).output).toBe(output);
  expect((await cli('workspaces')).output).toBe(`${ada.workspaceId}\n`);
});

test('the command line shows what it did to who signs in afterwards', async () => {
  const after = await startServer(directory.path());
  const { contacts, deals } = await asking(after, ada)('{ contacts { totalCount } deals { totalCount } }');
  expect([contacts.totalCount, deals.totalCount]).toEqual([4, 4]);
  expect(await after.stop()).toBe(0);
});

test('the command line refuses a workspace that there is not, and writes nothing there', async () => {
  const people = file('people.csv', PEOPLE);
  for (const workspace of [crypto.randomUUID(), 'nowhere']) {
    const { code, output } = await cli('import', 'contacts', people, '--workspace', workspace);
    expect([code, output]).toEqual([1, expect.stringMatching(/workspace/i)]);
  }
});

test('the command line helps whoever asks, whatever else they say', async () => {
  const asked = await Promise.all([[], ['--help'], ['import', '--help']].map((args) => cli(...args)));
  for (const answer of asked)
    expect(answer).toEqual({ code: 0, output: expect.stringContaining('import contacts FILE...') });
});

test('the command line refuses wrong usage in words, with exit code 1 and no stack trace', async () => {
  const people = file('people.csv', PEOPLE);
  for (const [args, said] of [
    [['frobnicate'], /crm --help/],
    [['status', '--frobnicate'], /frobnicate/],
    [['import'], /contacts or deals/],
    [['import', 'contacts'], /Which files/],
    [['import', 'deals'], /--deals FILE/],
    [['import', 'contacts', 'nowhere.csv'], /cannot be read/],
    [['import', 'contacts', people, '--map', 'x'], /--map takes/],
    [['import', 'deals', '--deals', people, '--currency', 'dollars'], /--currency/],
    [['rebuild', 'nonsense'], /crm status/],
  ] as const) {
    const { code, output } = await cli(...args);
    expect([args, code, output]).toEqual([args, 1, expect.stringMatching(said)]);
    expect(output).not.toMatch(/\n\s+at /);
  }
});
