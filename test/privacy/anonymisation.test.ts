import type { Anonymising } from '../../src/kernel/personal.js';
import { anonymisationDecider } from '../../src/privacy/anonymisation/decider.js';
import { anonymised, generalise } from '../../src/privacy/anonymisation/generalise.js';
import { given } from '../support/given.js';

const pseudonym = (path: string, text: string) => `<${path} ${text}>`;
const left = (value: unknown, strategy: Parameters<typeof generalise>[1]) =>
  generalise(value, strategy, 'field', pseudonym);

test('of a date the year is left, and of a birthday without a year nothing', () => {
  expect(left('1906-12-09', 'year')).toBe('1906');
  expect(left('--12-09', 'year')).toBeUndefined();
  expect(left(undefined, 'year')).toBeUndefined();
});

test('of addresses the regions and countries are left, each place once, three at most; street, town and code are not', () => {
  const home = { street: 'Some Street 1', city: 'Arlington', postalCode: '22201', region: ' Virginia ', country: 'US' };
  expect(left([home, { ...home, street: 'Other 2', region: 'virginia' }], 'region')).toEqual([
    { region: 'Virginia', country: 'US' },
  ]);
  expect(left([{ city: 'Arlington' }, { country: 'FR' }], 'region')).toEqual([{ country: 'FR' }]);
  expect(left([{ city: 'Arlington' }], 'region')).toBeUndefined();
  const many = ['a', 'b', 'c', 'd'].map((region) => ({ region }));
  expect(left(many, 'region')).toHaveLength(3);
});

test('a pseudonym stands for a text whatever its case and the space around it; what is no text is not kept', () => {
  expect(left(' ACME Ltd ', 'pseudonym')).toBe('<field acme ltd>');
  expect(left({ text: 'ACME' }, 'pseudonym')).toBeUndefined();
});

test('keep keeps, remove removes', () => {
  expect(left(['a'], 'keep')).toEqual(['a']);
  expect(left('a', 'remove')).toBeUndefined();
});

test('every field is dealt with as declared, part by part where it has parts; what nobody declared is removed', () => {
  const declared = new Map<string, Anonymising>([
    ['birthDate', 'year'],
    ['work', { companyName: 'pseudonym', department: 'keep' }],
  ]);
  const values = {
    name: { givenName: 'Grace' },
    birthDate: '1906-12-09',
    work: { companyName: 'Navy', department: 'Computing', jobTitle: 'Rear admiral' },
  };
  expect(anonymised(values, declared, pseudonym)).toEqual({
    kept: { birthDate: '1906', work: { companyName: '<work.companyName navy>', department: 'Computing' } },
    strategies: {
      name: 'remove',
      birthDate: 'year',
      'work.companyName': 'pseudonym',
      'work.department': 'keep',
      'work.jobTitle': 'remove',
    },
  });
});

test('a contact is anonymised once: after it there is nothing left to generalise', () => {
  const data = { subject: 'contact', person: 'person', strategies: {}, kept: { birthDate: '1906' } };
  given(anonymisationDecider).when({ type: 'AnonymiseContact', data }).then({ type: 'ContactAnonymised', data });
  given(anonymisationDecider, { type: 'ContactAnonymised', data })
    .when({ type: 'AnonymiseContact', data: { ...data, kept: {} } })
    .thenNothing();
});
