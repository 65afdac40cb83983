import type { StoredEvent } from '../../src/kernel/envelope.js';
import { certificateText } from '../../src/privacy/erasure/certificate.js';
import type { Requested } from '../../src/privacy/erasure/requestDecider.js';
import { retentionDecider } from '../../src/privacy/retention/decider.js';
import { keptOf, lastOfEachClass } from '../../src/privacy/retention/kept.js';
import { given } from '../support/given.js';

const ground = { subject: 'workspace', class: 'financial', law: 'DE-AO-147', years: 10 } as const;
const set = { type: 'RetentionGroundSet', data: ground } as const;

test('a ground is recorded when it is set, changed and removed, and not twice', () => {
  given(retentionDecider)
    .when({ type: 'SetGround', ...ground })
    .then(set);
  given(retentionDecider, set)
    .when({ type: 'SetGround', ...ground })
    .thenNothing();
  const longer = { ...ground, years: 11 };
  given(retentionDecider, set)
    .when({ type: 'SetGround', ...longer })
    .then({ type: 'RetentionGroundSet', data: longer });
  const remove = { type: 'RemoveGround', subject: 'workspace', class: 'financial' } as const;
  const removed = { type: 'RetentionGroundRemoved', data: { subject: 'workspace', class: 'financial' } } as const;
  given(retentionDecider, set).when(remove).then(removed);
  given(retentionDecider, set, removed).when(remove).thenRefused('NOT_FOUND', 'class');
});

const sealedAt = (recordedAt: string, each: string, subject = 'person') =>
  ({ subject, recordedAt, sealed: { field: { class: each } } }) as unknown as StoredEvent;
const grounds = { grounds: new Map([['financial', { law: 'DE-AO-147', years: 10 }]] as const) };

test('[P6.4] a class is kept to the end of the year, so many years after its last entry, and only where there is one', () => {
  const events = [
    sealedAt('2020-05-01T00:00:00.000Z', 'financial'),
    sealedAt('2019-05-01T00:00:00.000Z', 'financial'),
    sealedAt('2025-05-01T00:00:00.000Z', 'financial', 'somebody else'),
    sealedAt('2026-01-01T00:00:00.000Z', 'profile'),
  ];
  const last = lastOfEachClass('person', events);
  const kept = [{ class: 'financial', law: 'DE-AO-147', until: '2030-12-31' }];
  expect(keptOf(last, grounds, '2030-12-31T23:59:59.999Z')).toEqual(kept);
  expect(keptOf(last, grounds, '2031-01-01T00:00:00.000Z')).toEqual([]);
  expect(keptOf(lastOfEachClass('nobody', events), grounds, '2026-01-01T00:00:00.000Z')).toEqual([]);
});

test('[P6.4] the certificate of an erasure names the class that stays, the law and its last day', () => {
  const target = { record: 'contact', subject: 'person', controller: 'workspace' };
  const at = '2026-11-24T00:00:00.000Z';
  const requested: Requested = {
    by: 'ada',
    at,
    targets: [target],
    kind: 'ERASE',
    reason: 'SUBJECT_REQUEST',
    waitsFor: 'NONE',
    dueAt: undefined,
  };
  const surroundings = {
    ...{ installation: 'i', workspace: 'w', erasure: 'e', startedAt: at, issuedAt: at, answersKeptMs: 0 },
    ...{ readStoreRewritten: true, lastKeyBackupExpires: null },
  };
  const saidWith = (kept?: { class: 'financial'; law: string; until: string }[]) => {
    const data = { subject: 'w', target: 'person', keys: [], receipts: [], kept };
    return JSON.parse(certificateText(requested, target, { at, position: '1', data }, surroundings));
  };
  const { kept, guaranteed } = saidWith([{ class: 'financial', law: 'DE-AO-147', until: '2036-12-31' }]);
  expect(kept[0]).toEqual({
    what: expect.stringContaining('financial'),
    ground: 'GDPR Art 17(3)(b): DE-AO-147',
    until: '2036-12-31',
  });
  expect(guaranteed[0]).toMatch(/but those of the classes that a law keeps/);
  expect(saidWith().guaranteed[0]).not.toMatch(/classes that a law keeps/);
});
