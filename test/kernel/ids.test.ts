import { derivedId, isUuid, subjectIdOf, timeOrderedIds } from '../../src/kernel/ids.js';

test('new ids are UUIDs of version 7, and those of a later millisecond are greater (RFC 9562 section 5.7)', () => {
  let now = Date.UTC(2026, 10, 24);
  const ids = timeOrderedIds({ now: () => now++ });
  const drawn = Array.from({ length: 1_000 }, () => ids.next());
  expect(drawn.every((id) => isUuid(id) && id[14] === '7' && '89ab'.includes(id[19]!))).toBe(true);
  expect(drawn.toSorted()).toEqual(drawn);
});

test('derived ids follow from their parts alone, and no two lists of parts meet', () => {
  expect(derivedId('contact', 'w', 'a')).toBe(derivedId('contact', 'w', 'a'));
  expect(isUuid(derivedId('x'))).toBe(true);
  expect(derivedId('x')[14]).toBe('8');
  const lists = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc']];
  expect(new Set(lists.map((parts) => derivedId(...parts))).size).toBe(lists.length);
});

test("a subject's id follows from the record's and keeps its time", () => {
  const id = timeOrderedIds({ now: () => Date.UTC(2026, 10, 24) }).next();
  const subject = subjectIdOf(id);
  expect(subject).toBe(subjectIdOf(id));
  expect(subject).not.toBe(id);
  expect(subject.slice(0, 13)).toBe(id.slice(0, 13));
  expect(isUuid(subject) && subject[14] === '8').toBe(true);
});
