import fc from 'fast-check';
import { readVCards } from '../../../src/crm/imports/vcard.js';

const card = (...properties: string[]) => ['BEGIN:VCARD', ...properties, 'END:VCARD', ''].join('\r\n');
const readOne = (...properties: string[]) => {
  const { cards, problems } = readVCards(card(...properties));
  expect(problems).toEqual([]);
  return cards[0];
};
const labels = (...properties: string[]) => readOne('VERSION:3.0', ...properties)?.phones.map(({ label }) => label);

describe('vCard 2.1', () => {
  test('is read out of quoted-printable, over soft line breaks, in any character set', () => {
    expect(
      readOne(
        'VERSION:2.1',
        'N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=98rsted;Zo=',
        '=C3=AB;;Dr.;',
        'FN;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:Zo=EB =D8rsted',
        'NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo=3D2',
        'TITLE;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=93=8C=8B=9E',
        'NICKNAME;ENCODING=BASE64:Wm/Dqw==',
      ),
    ).toMatchObject({
      familyName: 'Ørsted',
      givenName: 'Zoë',
      prefix: 'Dr.',
      formattedName: 'Zoë Ørsted',
      notes: ['one\ntwo=2'],
      jobTitle: '東京',
      nickname: 'Zoë',
    });
  });

  test('has types without a name, and the number that is preferred comes first', () => {
    expect(
      readOne('VERSION:2.1', 'TEL;HOME;VOICE:1', 'TEL;WORK;FAX:2', 'TEL;CELL;PREF:3', 'TEL:4', 'TEL;X-Boat:5')?.phones,
    ).toEqual([
      { value: '3', label: 'mobile' },
      { value: '1', label: 'home' },
      { value: '2', label: 'fax' },
      { value: '4', label: 'other' },
      { value: '5', label: 'Boat' },
    ]);
  });

  test('keeps the space of a fold, its commas, and backslashes that escape nothing', () => {
    expect(
      readOne(
        'VERSION:2.1',
        'ORG:Berg, Dal;Sales\\; abroad',
        'TITLE:Head',
        ' of desks',
        'NOTE:C:\\new\\temp',
        'CATEGORIES:Rowing;Choir',
      ),
    ).toMatchObject({
      companyName: 'Berg, Dal',
      department: 'Sales; abroad',
      jobTitle: 'Head of desks',
      notes: ['C:\\new\\temp'],
      tags: ['Rowing', 'Choir'],
    });
  });

  test('leaves out pictures and keys, however their base64 is folded, and the agent with a card of its own', () => {
    const contact = readOne(
      'VERSION:2.1',
      'PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ',
      ' SkZJRg==',
      '',
      'KEY;X509;BASE64:',
      'MIIDITCC',
      'AoqgAwIB',
      '',
      'AGENT:',
      'BEGIN:VCARD',
      'VERSION:2.1',
      'FN:The agent',
      'END:VCARD',
      'FN:Ida Berg',
    );
    expect(contact).toMatchObject({ formattedName: 'Ida Berg', other: [] });
  });
});

describe('vCard 3.0 and 4.0', () => {
  test('are unfolded, and their escapes undone', () => {
    expect(
      readOne(
        'VERSION:3.0',
        'N:Berg\\, jr.;Ida;Marie,Anne;;M.D.,Ph.D.',
        'NOTE:one\\ntwo\\N\\;three\\,',
        '  four\\\\',
        'URL:http\\://fjord.example',
        'NICKNAME:Idi,I\\,B',
        'CATEGORIES:Rowing,Fish\\, fresh',
        'CATEGORIES:Choir',
      ),
    ).toMatchObject({
      familyName: 'Berg, jr.',
      givenName: 'Ida',
      additionalNames: 'Marie Anne',
      suffix: 'M.D., Ph.D.',
      notes: ['one\ntwo\n;three, four\\'],
      links: [{ value: 'http://fjord.example', label: 'other' }],
      nickname: 'Idi, I,B',
      tags: ['Rowing', 'Fish, fresh', 'Choir'],
    });
  });

  test('do not care for the case of names, nor for the way lines end', () => {
    for (const end of ['\n', '\r\n', '\r\r\n', '\r']) {
      const text = ['begin:vCard', 'version:3.0', 'fn:Ida', ' Berg', 'tel;type=Cell:1', 'end:vcard', ''].join(end);
      expect(readVCards(text)).toMatchObject({
        cards: [{ formattedName: 'IdaBerg', phones: [{ value: '1', label: 'mobile' }] }],
        problems: [],
      });
    }
  });

  test('take their parameters in commas and in quotes, with colons inside', () => {
    expect(
      readOne(
        'VERSION:4.0',
        'TEL;TYPE="work,voice";VALUE=uri;PREF=2:tel:+47-1;ext=102',
        'TEL;TYPE=cell,text;PREF=1:tel:+47-2',
        'ADR;TYPE=home;GEO="geo:60.39,5.32";LABEL="Quay 3^nBergen: ^\'Loft^\'":;;;;;;',
        'EMAIL;TYPE=work:mailto:ida@fjord.example',
      ),
    ).toMatchObject({
      phones: [
        { value: '+47-2', label: 'mobile' },
        { value: '+47-1 ext. 102', label: 'work' },
      ],
      addresses: [{ label: 'home', street: 'Quay 3\nBergen: "Loft"' }],
      emails: [{ value: 'ida@fjord.example', label: 'work' }],
    });
  });

  test('have addresses of seven components; one that stands alone is a street of several lines', () => {
    expect(
      readOne(
        'VERSION:3.0',
        'ADR;TYPE=WORK:PO 7;Loft;Quay 3;Bergen;Vestland;5003;Norway',
        'ADR;TYPE=HOME:;Hill 1\\n5004 Bergen;;;;;',
        'ADR:;;Hill 2\\n5004 Bergen;;;;',
        'ADR:;;;;;;',
      )?.addresses,
    ).toEqual([
      {
        label: 'work',
        poBox: 'PO 7',
        extended: 'Loft',
        street: 'Quay 3',
        city: 'Bergen',
        region: 'Vestland',
        postalCode: '5003',
        country: 'Norway',
      },
      { label: 'home', street: 'Hill 1\n5004 Bergen' },
      { label: 'other', street: 'Hill 2\n5004 Bergen' },
    ]);
  });

  test('take labels from their group, those of Apple and those of people', () => {
    expect(
      labels(
        'item1.TEL:1',
        'item1.X-ABLabel:_$!<Home>!$_',
        'ITEM2.TEL;TYPE=WORK:2',
        'item2.X-ABLABEL:Boat House',
        'item3.TEL:3',
        'item3.X-ABLabel:_$!<HomeFAX>!$_',
        'item4.TEL:4',
        'item4.X-ABLabel:_$!<AssistantPhone>!$_',
        'TEL;type=IPHONE;type=CELL:5',
      ),
    ).toEqual(['home', 'Boat House', 'fax', 'AssistantPhone', 'mobile']);
  });
});

describe('what a card says', () => {
  test.each([
    ['BDAY:19800321', '1980-03-21'],
    ['BDAY:1980-03-21', '1980-03-21'],
    ['BDAY;VALUE=date-time:1980-03-21T23:10:00Z', '1980-03-21'],
    ['BDAY:--0203', '--02-03'],
    ['BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-03', '--02-03'],
  ])('%s is a birthday', (property, birthDate) => {
    expect(readOne('VERSION:4.0', property)).toMatchObject({ birthDate });
  });

  test('is kept even where it is not understood: under its own name, or under the label a person gave it', () => {
    expect(
      readOne(
        'VERSION:3.0',
        'FN:Ida',
        'FN:Ida Berg',
        'ORG:Fjord',
        'ORG:Granit;Sales',
        'TITLE:Skipper',
        'ROLE:Leads the boat',
        'BDAY;VALUE=text:in spring',
        'X-SKYPE:ida.b',
        'item1.X-ABDATE:2009-08-08',
        'item1.X-ABLabel:_$!<Anniversary>!$_',
        'item2.X-ABRELATEDNAMES:Per',
        'item2.X-ABLabel:Rows with',
        'UID:urn:uuid:4fbe8971',
      ),
    ).toMatchObject({
      externalId: 'urn:uuid:4fbe8971',
      formattedName: 'Ida',
      companyName: 'Fjord',
      jobTitle: 'Skipper',
      customFields: [
        { name: 'Anniversary', value: '2009-08-08' },
        { name: 'Rows with', value: 'Per' },
      ],
      other: [
        { name: 'FN', value: 'Ida Berg' },
        { name: 'ORG', value: 'Granit;Sales' },
        { name: 'BDAY', value: 'in spring' },
        { name: 'X-SKYPE', value: 'ida.b' },
        { name: 'ROLE', value: 'Leads the boat' },
      ],
    });
  });

  test('does not take the country of a labelled address for a field of that label', () => {
    const address = ['item1.ADR:;;Quay 3;Bergen;;;', 'item1.X-ABADR:no', 'item1.X-ABLabel:Boat House'];
    expect(readOne('VERSION:3.0', ...address)).toMatchObject({
      addresses: [{ label: 'Boat House', street: 'Quay 3', city: 'Bergen' }],
      customFields: [],
      other: [{ name: 'X-ABADR', value: 'no' }],
    });
  });

  test('leaves out what is binary and who is an agent, but keeps where it can be fetched', () => {
    expect(
      readOne(
        'VERSION:4.0',
        'FN:Ida',
        'PHOTO:data:image/jpeg;base64,/9j/4AAQ',
        'LOGO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=',
        'KEY:https://fjord.example/ida.asc',
        'X-FACE;ENCODING=B:iVBORw0KGgo=',
        'AGENT:BEGIN:VCARD\\nFN:The agent\\nEND:VCARD\\n',
      )?.other,
    ).toEqual([{ name: 'KEY', value: 'https://fjord.example/ida.asc' }]);
  });

  test('may be no more than an e-mail', () => {
    const contact = readOne('VERSION:2.1', 'EMAIL;PREF:ida@fjord.example');
    expect(contact?.emails).toEqual([{ value: 'ida@fjord.example', label: 'other' }]);
    expect(contact?.formattedName).toBeUndefined();
  });

  test('may be the role alone of what someone does', () => {
    expect(readOne('VERSION:3.0', 'ROLE:Leads the boat')).toMatchObject({ jobTitle: 'Leads the boat', other: [] });
  });
});

describe('any text', () => {
  const text = fc
    .string({ unit: 'binary', maxLength: 60 })
    .map((each) => each.replace(/[\0\r\ufeff\ud800-\udfff]/g, '').trim());
  const escaped = (value: string) => value.replace(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n');
  const fold = (line: string) => (line.match(/.{1,7}/gsu) ?? []).join('\r\n ');
  const quotedPrintable = (line: string) => {
    const codes = [...Buffer.from(line)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`);
    return (codes.join('').match(/.{1,9}/g) ?? []).join('=\r\n');
  };

  test('survives being escaped and folded', () => {
    fc.assert(
      fc.property(text, text, text, (note, given, organisation) => {
        const properties = [`NOTE:${escaped(note)}`, `N:;${escaped(given)};;;`, `ORG:${escaped(organisation)};x`];
        const contact = readOne('VERSION:3.0', 'UID:1', ...properties.map(fold));
        expect(contact?.notes).toEqual(note === '' ? [] : [note]);
        expect(contact?.givenName ?? '').toBe(given);
        expect(contact?.companyName).toBe(organisation === '' ? 'x' : organisation);
      }),
    );
  });

  test('survives quoted-printable', () => {
    fc.assert(
      fc.property(text, (note) => {
        const property = `NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:${quotedPrintable(note)}`;
        expect(readOne('VERSION:2.1', 'UID:1', property)?.notes).toEqual(note === '' ? [] : [note]);
      }),
    );
  });
});
