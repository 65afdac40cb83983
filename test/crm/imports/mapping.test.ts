import { textOf } from '../../../src/crm/imports/cells.js';
import { readCsv } from '../../../src/crm/imports/csv.js';
import { applyMapping, guessMapping, type ImportKind } from '../../../src/crm/imports/mapping.js';

const guess = (header: string, kind: ImportKind) => {
  const names = header.split(',');
  return Object.fromEntries(guessMapping(names, kind).map(({ column, field }) => [names[column - 1], field]));
};

describe('guessing which column is which field', () => {
  test('of deals', () => {
    expect(
      guess('opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value', 'deal'),
    ).toEqual({
      opportunity_id: 'externalId',
      sales_agent: 'owner',
      product: 'product',
      account: 'company',
      deal_stage: 'stage',
      engage_date: 'engageDate',
      close_date: 'closeDate',
      close_value: 'value',
    });
    expect(guess('Deal Name,Deal Stage,Close Date,Amount,Deal owner', 'deal')).toEqual({
      'Deal Name': 'title',
      'Deal Stage': 'stage',
      'Close Date': 'closeDate',
      Amount: 'value',
      'Deal owner': 'owner',
    });
  });

  test('of companies, products and agents', () => {
    expect(guess('account,sector,year_established,revenue,employees,office_location,subsidiary_of', 'company')).toEqual(
      {
        account: 'name',
        sector: 'sector',
        year_established: 'yearEstablished',
        revenue: 'revenue',
        employees: 'employees',
        office_location: 'location',
        subsidiary_of: 'subsidiaryOf',
      },
    );
    expect(guess('product,series,sales_price', 'product')).toEqual({
      product: 'name',
      series: 'series',
      sales_price: 'price',
    });
    expect(guess('sales_agent,manager,regional_office', 'agent')).toEqual({
      sales_agent: 'name',
      manager: 'manager',
      regional_office: 'office',
    });
  });

  test('of contacts, in the exports of Google, new and old', () => {
    expect(
      guess(
        'First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - PO Box,Address 1 - Region,Address 1 - Postal Code,Address 1 - Country,Address 1 - Extended Address,Website 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value',
        'contact',
      ),
    ).toEqual({
      'First Name': 'givenName',
      'Middle Name': 'additionalNames',
      'Last Name': 'familyName',
      'Name Prefix': 'prefix',
      Nickname: 'nickname',
      'File As': 'formattedName',
      'Organization Name': 'companyName',
      'Organization Title': 'jobTitle',
      'Organization Department': 'department',
      Birthday: 'birthDate',
      Notes: 'notes',
      Labels: 'tags',
      'E-mail 1 - Label': 'emails.0.label',
      'E-mail 1 - Value': 'emails.0.value',
      'E-mail 2 - Value': 'emails.1.value',
      'Phone 1 - Label': 'phones.0.label',
      'Phone 1 - Value': 'phones.0.value',
      'Address 1 - Label': 'addresses.0.label',
      'Address 1 - Street': 'addresses.0.street',
      'Address 1 - City': 'addresses.0.city',
      'Address 1 - PO Box': 'addresses.0.poBox',
      'Address 1 - Region': 'addresses.0.region',
      'Address 1 - Postal Code': 'addresses.0.postalCode',
      'Address 1 - Country': 'addresses.0.country',
      'Address 1 - Extended Address': 'addresses.0.extended',
      'Website 1 - Value': 'links.0.value',
      'Custom Field 1 - Label': 'customFields.0.name',
      'Custom Field 1 - Value': 'customFields.0.value',
    });
    expect(
      guess(
        'Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Organization 1 - Name',
        'contact',
      ),
    ).toEqual({
      Name: 'formattedName',
      'Given Name': 'givenName',
      'Family Name': 'familyName',
      'Group Membership': 'tags',
      'E-mail 1 - Type': 'emails.0.label',
      'E-mail 1 - Value': 'emails.0.value',
      'Organization 1 - Name': 'companyName',
    });
  });

  test('of contacts, in the export of Outlook, whose Title is a form of address', () => {
    const header =
      "Title,First Name,Last Name,Suffix,Company,Department,Job Title,Business Street,Business Street 2,Business City,Business State,Business Postal Code,Business Country/Region,Home Street,Assistant's Phone,Business Fax,Business Phone,Business Phone 2,Home Phone,Mobile Phone,Pager,Categories,E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,Web Page";
    expect(guess(header, 'contact')).toEqual({
      Title: 'prefix',
      'First Name': 'givenName',
      'Last Name': 'familyName',
      Suffix: 'suffix',
      Company: 'companyName',
      Department: 'department',
      'Job Title': 'jobTitle',
      'Business Street': 'addresses.0.street',
      'Business Street 2': 'addresses.0.street2',
      'Business City': 'addresses.0.city',
      'Business State': 'addresses.0.region',
      'Business Postal Code': 'addresses.0.postalCode',
      'Business Country/Region': 'addresses.0.country',
      'Home Street': 'addresses.1.street',
      "Assistant's Phone": 'phones.0.value',
      'Business Fax': 'phones.1.value',
      'Business Phone': 'phones.2.value',
      'Business Phone 2': 'phones.3.value',
      'Home Phone': 'phones.4.value',
      'Mobile Phone': 'phones.5.value',
      Pager: 'phones.6.value',
      Categories: 'tags',
      'E-mail Address': 'emails.0.value',
      'E-mail Type': 'emails.0.label',
      'E-mail 2 Address': 'emails.1.value',
      'Web Page': 'links.0.value',
    });
    const labels = guessMapping(header.split(','), 'contact').filter(({ field }) => field.startsWith('phones.'));
    expect(labels.map(({ label }) => label)).toEqual(['assistant', 'fax', 'work', 'work', 'home', 'mobile', 'pager']);
  });

  test('however the words are written', () => {
    for (const name of ['given_name', 'givenName', 'GIVEN NAME', ' given-name ']) {
      expect(guess(name, 'contact')).toEqual({ [name]: 'givenName' });
    }
  });

  test('is as sure as the name is telling, and leaves the surer column the field', () => {
    expect(guessMapping(['Title', 'Name', 'Shoe size'], 'contact')).toEqual([
      { column: 1, field: 'jobTitle', confidence: 0.7 },
      { column: 2, field: 'formattedName', confidence: 0.7 },
    ]);
    expect(guessMapping(['Status', 'Deal Stage'], 'deal')).toEqual([{ column: 2, field: 'stage', confidence: 1 }]);
  });
});

describe('applying a mapping', () => {
  const { header, rows } = readCsv('Where is it,What\n Won ,\nLost,Desk\n');

  test('gives each row its cells by field, trimmed, and nothing where a cell is empty', () => {
    const mapped = applyMapping('deal', rows, [
      { column: 1, field: 'stage' },
      { column: 2, field: 'product' },
    ]);
    expect(mapped.map((row) => [row.line, textOf(row, 'stage'), textOf(row, 'product')])).toEqual([
      [2, 'Won', undefined],
      [3, 'Lost', 'Desk'],
    ]);
  });

  test('names the field that no column is mapped to and that the kind cannot do without', () => {
    const missing = (field: string) => expect.objectContaining({ code: 'MISSING_COLUMNS', details: { field } });
    expect(() => applyMapping('deal', rows, guessMapping(header, 'deal'))).toThrow(missing('stage'));
    expect(() => applyMapping('company', rows, [{ column: 1, field: 'sector' }])).toThrow(missing('name'));
    expect(() => applyMapping('product', rows, [])).toThrow(missing('name'));
    expect(() => applyMapping('agent', rows, [])).toThrow(missing('name'));
    expect(() => applyMapping('contact', rows, [{ column: 1, field: 'notes' }])).toThrow(missing('formattedName'));
    expect(() => applyMapping('contact', rows, [{ column: 1, field: 'emails.0.value' }])).not.toThrow();
  });

  test('refuses fields that the kind does not have, that are mapped twice, and columns before the first', () => {
    const bad = (field: string) => expect.objectContaining({ code: 'BAD_USER_INPUT', details: { field } });
    const stage = { column: 1, field: 'stage' };
    expect(() => applyMapping('deal', rows, [stage, { column: 2, field: 'sector' }])).toThrow(bad('mapping.1.field'));
    expect(() => applyMapping('deal', rows, [{ column: 2, field: 'emails.0.value' }])).toThrow(bad('mapping.0.field'));
    expect(() => applyMapping('contact', rows, [{ column: 2, field: 'emails.0.city' }])).toThrow(
      bad('mapping.0.field'),
    );
    expect(() => applyMapping('deal', rows, [stage, { ...stage, column: 2 }])).toThrow(bad('mapping.1.field'));
    expect(() => applyMapping('deal', rows, [{ ...stage, column: 0 }])).toThrow(bad('mapping.0.column'));
  });
});
