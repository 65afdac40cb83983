import { attempt, historyOf, mutate, newId, typesOf } from '../support/mutations.js';
import { asking } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, SetClock, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
const clock = new SetClock();
let workplace: Workplace;
let ada: Colleague;
let aude: Colleague;
let client = '';

const HOUR_MS = 3600 * 1000;
const inHours = (hours: number) => new Date(clock.now() + hours * HOUR_MS).toISOString();
const HISTORY = '{ eventHistory { nodes { controllerId fields { name value personal erased redacted } } } }';
const grant = (input: object) =>
  mutate(
    asking(workplace, ada),
    'grantAuditAccess',
    { memberId: aude.memberId, until: inHours(2), purpose: 'PRIVACY', ...input },
    'auditAccess { id from until } position',
  );
const refused = async () => (await workplace.ask(HISTORY, {}, aude)).errors?.[0]?.extensions.code;

beforeAll(async () => {
  workplace = await Workplace.open(directory.path(), clock);
  ada = await workplace.owner('Ada');
  client = await newId(asking(workplace, ada), 'client', { name: 'C' });
  for (const clientId of [client, undefined]) {
    await newId(asking(workplace, ada), 'contact', { givenName: 'Grace', birthDate: '1980-01-01', clientId });
  }
  aude = await workplace.join(ada, 'Aude', { role: 'AUDITOR' });
});
afterAll(() => workplace.close());

test('[P5.3] an auditor may do nothing without a grant', async () => {
  expect(await refused()).toBe('FORBIDDEN');
  expect((await workplace.ask('{ contacts { totalCount } }', {}, aude)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

test('[P5.3] a grant opens the history of its scope, redacted, and ends by itself', async () => {
  await grant({ clientIds: [client] });
  const { eventHistory } = await asking(workplace, aude)(HISTORY);
  expect(new Set(eventHistory.nodes.map((node: { controllerId: string }) => node.controllerId))).toEqual(
    new Set([client]),
  );
  const fields = eventHistory.nodes.flatMap(({ fields }: { fields: { personal: boolean }[] }) => fields);
  const personal = fields.filter((each: { personal: boolean }) => each.personal);
  expect(personal.length).toBeGreaterThan(0);
  for (const field of personal) expect(field).toMatchObject({ value: null, erased: false, redacted: true });
  expect((await workplace.ask('{ contacts { totalCount } }', {}, aude)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  clock.advance(2 * HOUR_MS);
  expect(await refused()).toBe('FORBIDDEN');
});

test('[P5.3] a grant that is to begin later does nothing before', async () => {
  await grant({ from: inHours(1), until: inHours(2) });
  expect(await refused()).toBe('FORBIDDEN');
  clock.advance(HOUR_MS);
  expect(await refused()).toBeUndefined();
  clock.advance(HOUR_MS);
});

test('[P5.3] a grant opens sealed fields only where it says so', async () => {
  await grant({ personal: true });
  const { eventHistory } = await asking(workplace, aude)(HISTORY);
  const fields = eventHistory.nodes.flatMap(({ fields }: { fields: object[] }) => fields);
  expect(fields).toContainEqual({
    name: 'birthDate',
    value: '1980-01-01',
    personal: true,
    erased: false,
    redacted: false,
  });
  await grant({});
  expect(JSON.stringify(await asking(workplace, aude)(HISTORY))).not.toContain('1980-01-01');
  clock.advance(2 * HOUR_MS);
});

test('[P5.3] a grant can be ended before its time, and the whole of it is in the history', async () => {
  const { auditAccess } = await grant({ note: 'Yearly' });
  expect(await refused()).toBeUndefined();
  await mutate(asking(workplace, ada), 'endAuditAccess', { id: auditAccess.id }, 'auditAccess { endedAt }');
  expect(await refused()).toBe('FORBIDDEN');
  const events = await historyOf(asking(workplace, ada), { entityId: auditAccess.id });
  expect(typesOf(events)).toEqual(['AuditAccessGranted', 'AuditAccessEnded']);
  const named = Object.fromEntries(
    events[0].fields.map(({ name, value }: { name: string; value: unknown }) => [name, value]),
  );
  expect(named).toMatchObject({ member: aude.memberId, purpose: 'PRIVACY', note: 'Yearly', personal: false });
});

test('a grant needs an auditor, and a period that is not over and no longer than a year', async () => {
  const given = async (input: object) =>
    (await attempt(workplace, ada, 'grantAuditAccess', { memberId: aude.memberId, purpose: 'LEGAL', ...input }))
      .errors?.[0]?.extensions;
  expect(await given({ until: inHours(-1) })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.until' });
  expect(await given({ until: inHours(400 * 24) })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.until' });
  expect(await given({ memberId: ada.memberId, until: inHours(1) })).toMatchObject({ field: 'input.memberId' });
});

test('[P5.3] a grant of another workspace is answered as one that there is not', async () => {
  const { auditAccess } = await grant({});
  const eve = await workplace.owner('Eve');
  const unknown = await attempt(workplace, eve, 'endAuditAccess', { id: crypto.randomUUID() });
  expect(unknown.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field: 'input.id' });
  expect(await attempt(workplace, eve, 'endAuditAccess', { id: auditAccess.id })).toEqual(unknown);
});
