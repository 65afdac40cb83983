import { fold } from '../../projections/tokens.js';
import { mentionDecider } from '../../src/privacy/mentions/decider.js';
import { type Called, finderOf, saidIn } from '../../src/privacy/mentions/find.js';
import { redaction } from '../../src/privacy/mentions/redact.js';
import { given } from '../support/given.js';

const zoe: Called = {
  name: { givenName: 'Zoë', familyName: 'Ångström' },
  emails: [{ value: 'zoe@example.com' }],
  phones: [{ value: '+49 30 1234567' }],
};
const find = finderOf(zoe, fold)!;
const found = (text: string) => find(text).map(({ from, to }) => text.slice(from, to));

test.each([
  ['Ask Zoë Ångström today', 'Zoë Ångström'],
  ['ask ZOE ANGSTROM', 'ZOE ANGSTROM'],
  ['Ångström, Zoë: owes us', 'Ångström, Zoë'],
  ['Zoë Maria Ångström’s', 'Zoë Maria Ångström'],
  ['Zoe\u0308 A\u030angstro\u0308m', 'Zoe\u0308 A\u030angstro\u0308m'],
  ['mail to <Zoe@Example.com>.', 'Zoe@Example.com'],
  ['on 030/123 45 67 or', '030/123 45 67'],
  ['0049 30 1234567', '0049 30 1234567'],
])('[P7.3] a mention is found as people write it: %s', (text, mention) => expect(found(text)).toEqual([mention]));

test.each([
  'Zoë alone',
  'Ångström alone',
  'Zoëlla Ångström',
  'zoe@example.com.au',
  'bigzoe@example.com',
  '12345678',
  'Zoë of the long and winding road Ångström',
])('who is somebody else is not found: %s', (text) => expect(found(text)).toEqual([]));

test('a name in a script without spaces is found between other words', () => {
  const inChinese = finderOf({ name: { givenName: '小明', familyName: '王' } }, fold)!;
  expect(inChinese('今天和王小明谈').map(({ from, to }) => [from, to])).toEqual([[3, 6]]);
});

test('nobody can be looked for who has no name, address or number', () => {
  expect(finderOf({}, fold)).toBeNull();
  expect(finderOf({ name: { givenName: '…' }, phones: [{ value: '110' }] }, fold)).toBeNull();
});

test('[P7.3] a redaction takes every mention out of a text, of a list and of free fields, and leaves what stands around', () => {
  expect(redaction('Zoë Ångström and zoe@example.com', find)).toBe('[…] and […]');
  expect(redaction(['before', 'Ångström Zoë!'], find)).toEqual(['before', '[…]!']);
  const fields = { referrer: 'Zoë Ångström', 'Zoë Ångström': 'friend', '[…]': 'taken', other: 'stays' };
  expect(redaction(fields, find)).toEqual({ referrer: '[…]', 'Zoë Ångström': null, '[…] 2': 'friend' });
  for (const nobody of ['Zoë', ['nobody'], { field: 'nobody' }, undefined, null]) {
    expect(redaction(nobody, find)).toBeUndefined();
  }
});

test('what a field says of somebody stays the same while other text around it changes', () => {
  const said = (value: unknown) => saidIn(value, find, fold);
  expect(said(['Zoë Ångström called'])).toEqual(said(['', 'ZOË ÅNGSTRÖM wrote back']));
  expect(said(['Zoë Ångström'])).not.toEqual(said(['Zoë Ångström, Zoë Ångström']));
});

const subject = 'workspace';
const person = 'person';
const mark = 'm'.repeat(43);
const place = { kind: 'DEAL', record: 'deal', field: 'title' } as const;
const decide = (decision: 'REDACT' | 'NOT_THIS_PERSON', now: string | null = mark) =>
  ({
    type: 'DecideMentions',
    subject,
    person,
    decisions: [{ ...place, decision }],
    given: { marks: [now] },
  }) as const;
const decided = (decision: 'REDACT' | 'NOT_THIS_PERSON') => ({
  type: 'MentionsDecided' as const,
  data: { subject, person, decided: [{ ...place, decision, mark }] },
});

test('that a mention is somebody else is recorded once', () => {
  given(mentionDecider).when(decide('NOT_THIS_PERSON')).then(decided('NOT_THIS_PERSON'));
  given(mentionDecider, decided('NOT_THIS_PERSON')).when(decide('NOT_THIS_PERSON')).thenNothing();
});

test('a redaction is recorded as often as there was something to take out', () => {
  given(mentionDecider, decided('REDACT')).when(decide('REDACT')).then(decided('REDACT'));
  given(mentionDecider, decided('REDACT')).when(decide('REDACT', null)).thenNothing();
  given(mentionDecider, decided('REDACT')).when(decide('NOT_THIS_PERSON')).then(decided('NOT_THIS_PERSON'));
});
