import { authorityOf, narrowed } from '../../src/identity/access/authority.js';
import { builtInRoles, covers, permissions, permissionsOf } from '../../src/identity/access/roles.js';

const NOW = '2026-06-01T00:00:00.000Z';
const grant = (more: object) => ({
  from: '2026-05-01T00:00:00.000Z',
  until: '2026-07-01T00:00:00.000Z',
  personal: false,
  ...more,
});

test('[P5.3] an owner has every permission that there is, and nobody else has that of giving the workspace away', () => {
  expect([...permissionsOf.OWNER].sort()).toEqual([...permissions].sort());
  const givers = builtInRoles.filter((role) => permissionsOf[role].has('workspace:transfer'));
  expect(givers).toEqual(['OWNER']);
});

test('[P5.3] who reads only has nothing to write with, and an auditor nothing at all', () => {
  const writing = [...permissionsOf.READ_ONLY].filter((each) => !/:read|:all$/.test(each));
  expect(writing).toEqual([]);
  expect(permissionsOf.AUDITOR.size).toBe(0);
});

test('[P5.3] an agent sees the controllers they and their teams are assigned to; with client:all there is no bound', () => {
  const assigned = { a: true } as const;
  const { controllers } = authorityOf({ role: 'AGENT', assigned, teams: { t: ['b', 'a'] } }, [], NOW);
  expect([...controllers!].sort()).toEqual(['a', 'b']);
  expect(authorityOf({ role: 'MANAGER', assigned }, [], NOW).controllers).toBeNull();
  expect(authorityOf({ role: 'AGENT' }, [], NOW).controllers).toEqual(new Set());
});

test('[P5.3] a custom role has what it lists, and nothing where the role is not there', () => {
  const custom = authorityOf({ role: 'CUSTOM' }, ['contact:read'], NOW);
  expect([...custom.permissions]).toEqual(['contact:read']);
  expect(custom.controllers).toEqual(new Set());
  expect(authorityOf({ role: 'CUSTOM' }, [], NOW).permissions.size).toBe(0);
});

test.each([
  ['before it begins', '2026-04-30T23:59:59.999Z', false],
  ['at its first instant', '2026-05-01T00:00:00.000Z', true],
  ['just before its end', '2026-06-30T23:59:59.999Z', true],
  ['at its end', '2026-07-01T00:00:00.000Z', false],
])('[P5.3] a grant %s', (_when, now, holds) => {
  const { permissions: held } = authorityOf({ role: 'AUDITOR', audits: { g: grant({}) } }, [], now);
  expect(held.has('history:read')).toBe(holds);
});

test('[P5.3] grants add up in whom they cover; one that redacts redacts all', () => {
  const one = grant({ controllers: ['a'], personal: true });
  const only = authorityOf({ role: 'AUDITOR', audits: { one } }, [], NOW);
  expect([only.controllers, only.permissions.has('history:read-personal')]).toEqual([new Set(['a']), true]);
  const both = authorityOf({ role: 'AUDITOR', audits: { one, two: grant({ controllers: ['b'] }) } }, [], NOW);
  expect([both.controllers, both.permissions.has('history:read-personal')]).toEqual([new Set(['a', 'b']), false]);
  expect(authorityOf({ role: 'AUDITOR', audits: { one, all: grant({}) } }, [], NOW).controllers).toBeNull();
});

test('[P5.3] a grant is nothing to somebody who is no auditor any more', () => {
  const { permissions: held, controllers } = authorityOf(
    { role: 'AGENT', audits: { g: grant({ personal: true }) } },
    [],
    NOW,
  );
  expect([held.has('history:read-personal'), controllers]).toEqual([false, new Set()]);
});

test('[P5.3] a key has neither a scope nor a client that its member has not', () => {
  const agent = authorityOf({ role: 'AGENT', assigned: { a: true } }, [], NOW);
  const key = narrowed(agent, ['contact:read', 'contact:erase'], ['a', 'b']);
  expect([[...key.permissions], key.controllers]).toEqual([['contact:read'], new Set(['a'])]);
  expect(narrowed(agent, ['contact:read'], null).controllers).toEqual(new Set(['a']));
  expect(narrowed(authorityOf({ role: 'OWNER' }, [], NOW), [], ['b']).controllers).toEqual(new Set(['b']));
});

test('nobody covers a permission that they do not have', () => {
  expect(covers(permissionsOf.MANAGER, permissionsOf.AGENT)).toBe(true);
  expect(covers(permissionsOf.MANAGER, permissionsOf.COMPLIANCE)).toBe(false);
});
