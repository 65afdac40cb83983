import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeText } from '../../src/crm/imports/text.js';
import { readVCards } from '../../src/crm/imports/vcard.js';
import { describeReal } from './realData.js';

describeReal('vcards', 'address-book exports of phones and mail programs', (folder) => {
  const importFile = (name: string) => readVCards(decodeText(readFileSync(join(folder, name))));

  test('every file imports each of its cards', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.vcf'));
    expect(names).toHaveLength(8);
    for (const name of names) {
      const begun = readFileSync(join(folder, name), 'latin1').match(/^BEGIN:VCARD/gim)!.length;
      expect([name, importFile(name).cards.length]).toEqual([name, begun]);
    }
  });

  test('only what is really broken is reported: an address without an @, and half a character', () => {
    const reports = readdirSync(folder)
      .filter((name) => name.endsWith('.vcf'))
      .flatMap((name) => importFile(name).problems.map(({ line, card, code }) => ({ name, line, card, code })));
    expect(reports).toEqual([
      { name: 'John_Doe_ANDROID.vcf', line: 44, card: 5, code: 'BAD_EMAIL' },
      { name: 'John_Doe_ANDROID.vcf', line: 82, card: 6, code: 'BAD_TEXT' },
    ]);
  });

  test('Android, vCard 2.1: cards without a name, accents in quoted-printable, several numbers, later companies kept', () => {
    const { cards } = importFile('John_Doe_ANDROID.vcf');
    expect(cards[0]).toMatchObject({ emails: [{ value: 'john.doe@company.com' }], tags: ['My Contacts'] });
    expect(cards[0]!.formattedName).toBeUndefined();
    expect(cards[3]).toMatchObject({
      formattedName: 'Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ',
      phones: [
        { value: '123456', label: 'mobile' },
        { value: '234567', label: 'home' },
        { value: '3456789', label: 'mobile' },
        { value: '45678901', label: 'home' },
      ],
    });
    expect(cards[3]!.notes).toHaveLength(2);
    expect(cards[4]).toMatchObject({ familyName: 'Ñ Ñ', givenName: 'Ñ Ñ Ñ', companyName: 'ÑÑÑÑÑÑÑÑÑÑÑÑ' });
    expect(cards[4]!.other.map(({ name }) => name)).toEqual(['EMAIL', 'ORG']);
    expect(cards[4]!.links.map(({ value }) => value)).toEqual(['www.company.com', 'http://www.company.com']);
  });

  test('Outlook 2003, vCard 2.1: company and department, a note of several lines, and no certificate', () => {
    const [card] = importFile('outlook-2003.vcf').cards;
    expect(card).toMatchObject({
      prefix: 'Mr.',
      suffix: 'III',
      companyName: 'Company, The',
      department: 'TheDepartment',
      jobTitle: 'The Job Title',
      birthDate: '1980-03-21',
      notes: ['This is the note field!!\nSecond line\n\nThird line is empty'],
      addresses: [{ label: 'work', extended: 'TheOffice', street: '123 Main St', city: 'Austin', region: 'TX' }],
    });
    expect(card!.phones.map(({ label }) => label)).toEqual(['work', 'home', 'mobile', 'fax']);
    expect(card!.other.map(({ name }) => name)).not.toContain('KEY');
  });

  test('Gmail, vCard 3.0: a whole address is a street of several lines, whichever component it is in', () => {
    expect(importFile('John_Doe_GMAIL.vcf').cards[0]).toMatchObject({
      additionalNames: 'Richter, James',
      birthDate: '1980-03-22',
      addresses: [
        {
          label: 'home',
          street: 'Crescent moon drive\n555-asd\nNice Area, Albaney, New York 12345\nUnited States of America',
        },
      ],
      links: [{ value: 'http://www.ibm.com', label: 'work' }],
    });
    expect(importFile('gmail-single.vcf').cards[0]).toMatchObject({
      birthDate: '1960-09-10',
      addresses: [
        { label: 'home', street: '123 Home St\nHome City, HM 12345' },
        { label: 'CustomAdrType', street: '321 Custom St', city: 'Custom City', postalCode: '98765', country: 'USA' },
      ],
      phones: [
        { value: '555 555 1111', label: 'mobile' },
        { value: '555 555 2222', label: 'GRAND_CENTRAL' },
      ],
      customFields: [
        { name: 'Anniversary', value: '1970-06-02' },
        { name: 'Spouse', value: 'MySpouse' },
        { name: 'CustomRelationship', value: 'MyCustom' },
      ],
    });
  });

  test('iPhone, vCard 3.0 with doubled line ends: seven numbers, two addresses, Apple labels, and no photo', () => {
    const [card] = importFile('John_Doe_IPHONE.vcf').cards;
    expect(card!.phones.map(({ label }) => label)).toEqual([
      ...['mobile', 'home', 'work', 'fax', 'fax', 'pager', 'AssistantPhone'],
    ]);
    expect(card).toMatchObject({
      nickname: 'Johny',
      companyName: 'IBM',
      department: 'Accounting',
      birthDate: '2012-06-06',
      addresses: [
        { label: 'home', street: 'Silicon Alley 5', city: 'New York', country: 'United States of America' },
        { label: 'work', street: 'Street4\nBuilding 6\nFloor 8', country: 'USA' },
      ],
    });
    expect(card!.other.map(({ name }) => name)).not.toContain('PHOTO');
  });

  test('the examples of RFC 2426 and RFC 6350', () => {
    expect(importFile('rfc2426-example.vcf').cards).toMatchObject([
      { formattedName: 'Frank Dawson', addresses: [{ city: 'Raleigh', postalCode: '27613-3502', country: 'U.S.A.' }] },
      { formattedName: 'Tim Howes', phones: [{ label: 'work' }, { label: 'fax' }] },
    ]);
    expect(importFile('rfc6350-example.vcf').cards[0]).toMatchObject({
      suffix: 'ing. jr, M.Sc.',
      birthDate: '--02-03',
      phones: [
        { value: '+1-418-656-9254 ext. 102', label: 'work' },
        { value: '+1-418-262-6501', label: 'mobile' },
      ],
      addresses: [{ extended: 'Suite D2-630', street: '2875 Laurier', city: 'Quebec' }],
    });
  });
});
