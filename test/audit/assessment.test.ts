import { severeIn } from '../../src/app/assess.js';
import { assessed, checkCodes, type Facts } from '../../src/audit/assessment/checks.js';
import { assessmentDecider } from '../../src/audit/assessment/decider.js';

/** An installation that has nothing to reproach. */
const sound: Facts = {
  dataFiles: [
    { name: '/srv/crm', mode: 0o700 },
    { name: '/srv/crm/events.db', mode: 0o600 },
  ],
  masterKey: { mode: 0o600, ageDays: 30 },
  transport: 'tls',
  certificateDaysLeft: 60,
  production: true,
  introspection: false,
  rateFactor: 1,
  stoppedProjections: 0,
  lagSeconds: 0,
  adminsWithoutSecondFactor: 0,
  backupAgeDays: 0.5,
  advisories: 0,
};
const unmet = (facts: Partial<Facts>) =>
  assessed({ ...sound, ...facts }).flatMap(({ check, verdict }) => (verdict === 'unmet' ? [check] : []));
const unknown = (facts: Partial<Facts>) =>
  assessed({ ...sound, ...facts }).flatMap(({ check, verdict }) => (verdict === 'unknown' ? [check] : []));

test('[P5.2] a sound installation meets every check', () => {
  expect(assessed(sound).map(({ check, verdict }) => [check, verdict])).toEqual(
    checkCodes.map((each) => [each, 'met']),
  );
});

test.each<[string, Partial<Facts>]>([
  ['data-file-modes', { dataFiles: [{ name: '/srv/crm/vault.db', mode: 0o640 }] }],
  ['master-key-mode', { masterKey: { mode: 0o604, ageDays: 1 } }],
  ['master-key-age', { masterKey: { mode: 0o600, ageDays: 401 } }],
  ['transport', { transport: 'plain' }],
  ['certificate', { certificateDaysLeft: 13 }],
  ['production-mode', { production: false }],
  ['introspection', { introspection: true }],
  ['rate-limits', { rateFactor: 100 }],
  ['second-factor', { adminsWithoutSecondFactor: 1 }],
  ['advisories', { advisories: 1 }],
  ['backup-age', { backupAgeDays: 3 }],
  ['projections-running', { stoppedProjections: 1 }],
  ['projection-lag', { lagSeconds: 61 }],
])('[P5.2] %s is found unmet, alone', (check, facts) => {
  expect(unmet(facts)).toEqual([check]);
});

test('[P5.2] what could not be found out is unknown, and neither met nor unmet', () => {
  const nothing = {
    masterKey: null,
    certificateDaysLeft: null,
    adminsWithoutSecondFactor: null,
    backupAgeDays: null,
    advisories: null,
  };
  expect(unknown(nothing)).toEqual([
    'master-key-mode',
    'master-key-age',
    'certificate',
    'second-factor',
    'advisories',
    'backup-age',
  ]);
  expect(unmet(nothing)).toEqual([]);
});

test('a newcomer on their own machine needs no certificate, and may ask for the schema', () => {
  const own = { transport: 'loopback', certificateDaysLeft: null, production: false, introspection: true } as const;
  expect([unmet(own), unknown(own)]).toEqual([[], []]);
});

test('findings say what was measured, in whole numbers', () => {
  expect(assessed({ ...sound, lagSeconds: 61.4 })).toContainEqual({
    check: 'projection-lag',
    verdict: 'unmet',
    measured: 61,
  });
});

test('an assessment is recorded once', () => {
  const command = { type: 'RecordAssessment', subject: 'a', findings: assessed(sound) } as const;
  expect(assessmentDecider.decide(command, { recorded: false })).toMatchObject([{ type: 'AssessmentRecorded' }]);
  expect(assessmentDecider.decide(command, { recorded: true })).toEqual([]);
});

test('of npm’s report the high and critical vulnerabilities count; anything else is no report', () => {
  const report = (high: number, critical: number) =>
    JSON.stringify({ auditReportVersion: 2, metadata: { vulnerabilities: { low: 9, moderate: 9, high, critical } } });
  expect(severeIn(report(0, 0))).toBe(0);
  expect(severeIn(report(2, 1))).toBe(3);
  for (const none of ['', '{"message":"request failed","error":{}}', '{"metadata":{}}', 'null'])
    expect(severeIn(none)).toBeNull();
});
