import { z } from 'zod';
import type { StoredEvent } from '../../src/kernel/envelope.js';
import { checkData, defineEvents, EventRegistry, event, open, personal, subject } from '../../src/kernel/event.js';

const stored = (schemaVersion: number, fields: StoredEvent['open']): StoredEvent => ({
  id: 'e',
  stream: 'thing-1',
  revision: 0,
  position: '0000000000000001',
  type: 'ThingMade',
  schemaVersion,
  recordedAt: '2026-01-01T00:00:00.000Z',
  workspace: 'w',
  controller: 'w',
  subject: 's',
  actor: 'a',
  commandId: null,
  commandDigest: null,
  correlationId: 'c',
  causationId: null,
  open: fields,
  sealed: {},
});

const things = defineEvents({
  ThingMade: event(
    3,
    {
      subject: subject(),
      colour: open(z.string()),
      size: open(z.int()),
      name: personal(z.string().max(5).optional(), 'name'),
    },
    {
      upcasters: {
        1: ({ open: { color, ...rest }, sealed }) => ({ open: { ...rest, colour: color ?? 'grey' }, sealed }),
        2: ({ open: fields, sealed }) => ({ open: { size: 0, ...fields }, sealed }),
      },
    },
  ),
});
const registry = new EventRegistry(things);

test('an event of a version that is not known yet is refused, not taken for one that is', () => {
  expect(() => registry.upcast(stored(4, { colour: 'blue' }))).toThrow(
    expect.objectContaining({ code: 'NEWER_VERSION' }),
  );
});

test('an event of an old version passes every upcaster on the way to the newest', () => {
  expect(registry.upcast(stored(1, { color: 'red' }))).toMatchObject({
    schemaVersion: 3,
    open: { colour: 'red', size: 0 },
  });
  expect(registry.upcast(stored(2, { colour: 'blue' }))).toMatchObject({
    schemaVersion: 3,
    open: { colour: 'blue', size: 0 },
  });
});

test('what is stored stays as it was, and an event of today is handed on as it is', () => {
  const old = stored(1, { color: 'red' });
  registry.upcast(old);
  expect(old).toEqual(stored(1, { color: 'red' }));
  const current = stored(3, { colour: 'red', size: 1 });
  expect(registry.upcast(current)).toBe(current);
});

test('an event of a version that nobody can bring up to date is corrupt, at its position', () => {
  expect(() => registry.upcast(stored(0, {}))).toThrow(
    expect.objectContaining({ code: 'CORRUPT_EVENT', details: { position: '0000000000000001' } }),
  );
});

test('two slices cannot define one event', () => {
  expect(() => new EventRegistry(things, things)).toThrow(/ThingMade/);
});

test('a value that does not fit is refused by the name of its field; a field that is none is a bug', () => {
  const definition = things.ThingMade;
  const fitting = { subject: 's', colour: 'red', size: 1 };
  expect(checkData('ThingMade', definition, fitting)).toEqual({ colour: 'red', size: 1 });
  expect(() => checkData('ThingMade', definition, { ...fitting, name: 'too long' })).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', details: expect.objectContaining({ field: 'name' }) }),
  );
  expect(() => checkData('ThingMade', definition, { ...fitting, weight: 3 })).toThrow(TypeError);
  expect(() => checkData('ThingMade', definition, { colour: 'red', size: 1 })).toThrow(TypeError);
});
