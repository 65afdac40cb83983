import { readContacts } from '../../../src/crm/imports/contacts.js';
import { readCsv } from '../../../src/crm/imports/csv.js';
import { applyMapping, guessMapping, type MappedColumn } from '../../../src/crm/imports/mapping.js';

const importContacts = (text: string, more: readonly MappedColumn[] = []) => {
  const { header, rows } = readCsv(text);
  return readContacts(applyMapping('contact', rows, [...guessMapping(header, 'contact'), ...more]));
};

const nothing = { emails: [], phones: [], addresses: [], links: [], notes: [], tags: [], customFields: [] };

describe('contacts from a CSV', () => {
  test("Google's export: labels, several values in a cell, the preferred one first, groups as tags", () => {
    const { contacts, problems } = importContacts(
      [
        'Given Name,Family Name,Birthday,Group Membership,E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Type,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value,Address 1 - Type,Address 1 - Street,Address 1 - City,Custom Field 1 - Type,Custom Field 1 - Value',
        'Zoë,Ørsted,--02-03,* myContacts ::: Rowing,Work,zoe@fjord.example,* Home,zoe@home.example ::: z@home.example,Work Fax,+47 1,Cabin,"Quay 3\nLoft",Bergen,Shoe size,38',
      ].join('\n'),
    );
    expect(problems).toEqual([]);
    expect(contacts).toEqual([
      {
        ...nothing,
        line: 2,
        givenName: 'Zoë',
        familyName: 'Ørsted',
        birthDate: '--02-03',
        tags: ['myContacts', 'Rowing'],
        emails: [
          { value: 'zoe@home.example', label: 'home' },
          { value: 'z@home.example', label: 'home' },
          { value: 'zoe@fjord.example', label: 'work' },
        ],
        phones: [{ value: '+47 1', label: 'fax' }],
        addresses: [{ label: 'Cabin', street: 'Quay 3\nLoft', city: 'Bergen' }],
        customFields: [{ name: 'Shoe size', value: '38' }],
      },
    ]);
  });

  test("Outlook's export: columns tell what a value is for, streets have several lines, 0/0/00 is no birthday", () => {
    const { contacts, problems } = importContacts(
      [
        '"Title","First Name","Last Name","Company","Job Title","Business Street","Business Street 2","Business City","Home City","Business Fax","Home Phone","Mobile Phone","Birthday","E-mail Address","E-mail Type","Web Page","Notes"',
        '"Dr.","Per","Dal","Fjord AS","Skipper","Quay 3","Loft","Bergen","","+47 1","+47 2","+47 3","0/0/00","per@fjord.example","SMTP","https://fjord.example","Likes\nherring"',
        '"","Ida","","","","","","","Oslo","","","","12/24/1980","","","",""',
      ].join('\r\n'),
    );
    expect(problems).toEqual([]);
    expect(contacts).toEqual([
      {
        ...nothing,
        line: 2,
        prefix: 'Dr.',
        givenName: 'Per',
        familyName: 'Dal',
        companyName: 'Fjord AS',
        jobTitle: 'Skipper',
        emails: [{ value: 'per@fjord.example', label: 'other' }],
        phones: [
          { value: '+47 1', label: 'fax' },
          { value: '+47 2', label: 'home' },
          { value: '+47 3', label: 'mobile' },
        ],
        addresses: [{ label: 'work', street: 'Quay 3\nLoft', city: 'Bergen' }],
        links: [{ value: 'https://fjord.example', label: 'other' }],
        notes: ['Likes\nherring'],
      },
      { ...nothing, line: 4, givenName: 'Ida', birthDate: '1980-12-24', addresses: [{ label: 'home', city: 'Oslo' }] },
    ]);
  });

  test('a bad value is reported and left out, its row kept', () => {
    const { contacts, problems } = importContacts('Name,Email,Birthday\nIda,ida at home,30.2.1980\n');
    expect(contacts).toEqual([{ ...nothing, line: 2, formattedName: 'Ida' }]);
    expect(problems).toMatchObject([
      { line: 2, column: 2, field: 'emails', code: 'BAD_EMAIL' },
      { line: 2, column: 3, field: 'birthDate', code: 'BAD_DATE' },
    ]);
  });

  test('a row that says of nobody is reported and left out', () => {
    const { contacts, problems } = importContacts('Name,Email,City\n,,Bergen\n,ida@home.example,\n');
    expect(contacts).toMatchObject([{ line: 3, emails: [{ value: 'ida@home.example' }] }]);
    expect(problems).toMatchObject([{ line: 2, field: 'formattedName', code: 'MISSING_VALUE' }]);
  });

  test('a person can map a column to a custom field of their own name', () => {
    const { contacts } = importContacts('Name,Shoe size\nIda,38\n', [
      { column: 2, field: 'customFields.0.value', label: 'Shoes' },
    ]);
    expect(contacts).toMatchObject([{ customFields: [{ name: 'Shoes', value: '38' }] }]);
  });

  test('a custom field without a name is reported and left out', () => {
    const { contacts, problems } = importContacts('Name,Custom Field 1 - Value\nIda,38\n');
    expect(contacts).toEqual([{ ...nothing, line: 2, formattedName: 'Ida' }]);
    expect(problems).toMatchObject([{ line: 2, column: 2, field: 'customFields', code: 'MISSING_VALUE' }]);
  });

  test('no value of a row is in a problem', () => {
    const { problems } = importContacts('Name,Email,Birthday,City\nSecret,secret person,secret,\n,,,Secret\n');
    expect(problems).toHaveLength(3);
    expect(JSON.stringify(problems)).not.toMatch(/secret|person/i);
  });
});
