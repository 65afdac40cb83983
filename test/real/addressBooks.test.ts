import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asking, runCli, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { describeReal } from './realData.js';

describeReal('vcards', 'address-book exports of phones and mail programs, by the command line', (folder) => {
  const directory = temporaryDirectory();
  const files = readdirSync(folder).filter((name) => name.endsWith('.vcf'));
  let server: TestServer;
  let ask: ReturnType<typeof asking>;
  let imported: { output: string; code: number | null };

  interface Contact {
    readonly displayName: string;
    readonly [field: string]: unknown;
  }
  let contacts: readonly Contact[];

  beforeAll(async () => {
    server = await startServer(directory.path());
    const ada = await signUp(server, 'Ada');
    expect(await server.stop()).toBe(0);
    imported = await runCli(directory.path(), ['import', 'contacts', ...files.map((name) => join(folder, name))]);
    server = await startServer(directory.path());
    ask = asking(server, ada);
    const answer =
      await ask(`{ contacts(first: 200) { totalCount nodes { displayName prefix givenName additionalNames familyName suffix
      nickname birthDate companyName department jobTitle emails { value label } phones { value label } links { value }
      addresses { label extended street city region postalCode country } notes privacyState restrictionReason } } }`);
    contacts = answer.contacts.nodes;
    expect(answer.contacts.totalCount).toBe(contacts.length);
  }, 60_000);
  afterAll(() => server.stop());

  const called = (displayName: string): Contact[] => contacts.filter((contact) => contact.displayName === displayName);

  test('every card is imported, file by file, and what is wrong in one is reported with its line', () => {
    expect(imported.code).toBe(0);
    expect(files).toHaveLength(8);
    const created = [...imported.output.matchAll(/contact: (\d+) created, 0 updated, 0 unchanged, 0 left out/g)].map(
      ([, count]) => Number(count),
    );
    expect(created).toHaveLength(8);
    expect(created.reduce((sum, count) => sum + count, 0)).toBe(contacts.length);
    expect(imported.output).toMatch(/BAD_EMAIL.*: .+ Line 44/);
    expect(imported.output).toMatch(/BAD_TEXT.*: .+ Line 82/);
  });

  test('accents come through, written in quoted-printable or not', () => {
    expect(called('Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ')).toMatchObject([
      {
        phones: [
          { value: '123456', label: 'mobile' },
          { value: '234567', label: 'home' },
          { value: '3456789', label: 'mobile' },
          { value: '45678901', label: 'home' },
        ],
      },
    ]);
    expect(contacts).toContainEqual(
      expect.objectContaining({ familyName: 'Ñ Ñ', givenName: 'Ñ Ñ Ñ', companyName: 'ÑÑÑÑÑÑÑÑÑÑÑÑ' }),
    );
    expect(JSON.stringify(contacts)).not.toMatch(/=C3|Ã/);
  });

  test('several numbers, addresses, e-mails and links of one person are all kept, with their labels', () => {
    expect(contacts).toContainEqual(
      expect.objectContaining({
        prefix: 'Mr.',
        suffix: 'III',
        companyName: 'Company, The',
        department: 'TheDepartment',
        jobTitle: 'The Job Title',
        birthDate: '1980-03-21',
        notes: ['This is the note field!!\nSecond line\n\nThird line is empty'],
        phones: ['work', 'home', 'mobile', 'fax'].map((label) => ({ value: expect.any(String), label })),
        addresses: [
          expect.objectContaining({
            label: 'work',
            extended: 'TheOffice',
            street: '123 Main St',
            city: 'Austin',
            region: 'TX',
          }),
        ],
      }),
    );
    const google = contacts.find(({ birthDate }) => birthDate === '1960-09-10')!;
    expect(google).toMatchObject({
      phones: [{ value: '555 555 1111', label: 'mobile' }, { value: '555 555 2222' }],
      addresses: [
        { label: 'home', street: '123 Home St\nHome City, HM 12345' },
        { street: '321 Custom St', city: 'Custom City', postalCode: '98765', country: 'USA' },
      ],
    });
  });

  test('birthdays come through, with a year and without', () => {
    const birthdays = contacts.map(({ birthDate }) => birthDate).filter((birthDate) => birthDate !== null);
    expect(birthdays).toEqual(
      expect.arrayContaining(['1980-03-21', '1980-03-22', '1960-09-10', '2012-06-06', '--02-03']),
    );
  });

  test('[P11.1] the minor is kept, restricted, and reported', async () => {
    const { contacts: restricted } = await ask(
      '{ contacts(filter: { restricted: MINOR }) { nodes { birthDate privacyState phones { value } } } }',
    );
    expect(restricted.nodes).toEqual([
      { birthDate: '2012-06-06', privacyState: 'RESTRICTED', phones: expect.any(Array) },
    ]);
    expect(restricted.nodes[0].phones).toHaveLength(7);
    expect(imported.output.match(/MINOR \(birthDate\): /g)).toHaveLength(1);
  });

  test('people are found by any part of their cards', async () => {
    const found = async (search: string) => {
      const answer = await ask(
        'query ($search: String!) { contacts(filter: { search: $search }) { nodes { displayName } } }',
        { search },
      );
      return answer.contacts.nodes.map(({ displayName }: { displayName: string }) => displayName);
    };
    expect(await found('dawson')).toEqual(['Frank Dawson']);
    expect(await found('raleigh')).toEqual(['Frank Dawson']);
    expect(await found('ñ ñ')).toContain('Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ');
  });
});
