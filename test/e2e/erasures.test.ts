import { createPublicKey, verify } from 'node:crypto';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { attempt, historyOf, mutate, newId, typesOf } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { tracesIn } from '../support/traces.js';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;
let ask: ReturnType<typeof asking>;

beforeAll(async () => {
  server = await startServer(directory.path());
});
beforeEach(async () => {
  ada = await signUp(server, `Ada${crypto.randomUUID()}`);
  ask = asking(server, ada);
});
afterAll(() => server.kill());

const ERASURE = `id kind reasonCode standing requestedBy waitsFor dueAt approvedBy people carriedOut certified
  results { contactId subjectId keysDestroyed { class fingerprint } receipts { step name count }
    certificate { certificate keyId signature path } }`;
const contact = (more: object = {}) => newId(ask, 'contact', { givenName: 'Wqzxgoing', ...more });
const erasureOf = async (id: string) =>
  (await ask(`query ($id: ID!) { erasure(id: $id) { ${ERASURE} } }`, { id })).erasure;
const certified = (id: string) =>
  eventually('the certificate', async () => {
    const erasure = await erasureOf(id);
    return erasure.standing === 'CERTIFIED' && erasure;
  });
const erase = async (id: string, name = 'eraseContact') => (await mutate(ask, name, { id }, 'erasureId')).erasureId;
const nameOf = async (id: string) =>
  (await ask('query ($id: ID!) { contact(id: $id) { givenName } }', { id })).contact?.givenName ?? null;
const refusal = async (name: string, input: object) =>
  (await attempt(server, ada, name, input)).errors?.[0]?.extensions;

const requestWithAccept = (path: string, accept: string, token = ada.token) =>
  fetch(`${server.origin}${path}`, { headers: { accept, authorization: `Bearer ${token}` } });

test('[P7.3] an erasure ends in a certificate that an outsider can verify, with a receipt for every step and read model', async () => {
  const id = await contact({ emails: [{ value: 'wqzxgoing@example.com' }] });
  const { contact: before } = await ask('query ($id: ID!) { contact(id: $id) { subjectId } }', { id });
  const erasure = await certified(await erase(id));
  expect(erasure).toMatchObject({ kind: 'ERASE', waitsFor: 'NONE', people: 1, carriedOut: 1, certified: 1 });
  const [{ receipts, keysDestroyed, certificate }] = erasure.results;
  const steps = receipts.map(({ step, name }: { step: string; name: string | null }) => `${step} ${name ?? ''}`.trim());
  expect(steps.slice(0, 4)).toEqual(['IN_LEDGER', 'FENCED', 'SUPPRESSED', 'RECORDED']);
  expect(steps).toEqual(expect.arrayContaining(['KEYS_DESTROYED vault', 'PURGED cache', 'PURGED claims']));
  for (const name of ['contacts', 'deals', 'history', 'accounts']) expect(steps).toContain(`READ_MODEL_PURGED ${name}`);
  expect(keysDestroyed).toEqual([{ class: 'profile', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) }]);

  const said = JSON.parse(certificate.certificate);
  expect(said).toMatchObject({ kind: 'ERASE', record: id, person: before.subjectId, erasure: erasure.id });
  expect(said.keysDestroyed).toEqual(keysDestroyed);
  expect(said.kept.map(({ ground }: { ground: string }) => ground)).toContain('GDPR Art 17(3)(b) and Art 21(3)');
  expect(said.controlled.join()).toMatch(/Copies that were made past the product/);
  const response = await fetch(`${server.origin}/.well-known/erasure-certificate-keys`);
  const { keys } = (await response.json()) as { keys: { kid: string; kty: string; crv: string; x: string }[] };
  const jwk = keys.find(({ kid }) => kid === certificate.keyId)!;
  const verifies = (text: string) =>
    verify(
      null,
      Buffer.from(text),
      createPublicKey({ key: jwk, format: 'jwk' }),
      Buffer.from(certificate.signature, 'base64url'),
    );
  expect(verifies(certificate.certificate)).toBe(true);
  expect(verifies(certificate.certificate.replace('"ERASE"', '"ANONYMISE"'))).toBe(false);
  expect(JSON.stringify(erasure)).not.toMatch(/wqzxgoing/i);
  expect(tracesIn(join(directory.path(), 'data'), ['Wqzxgoing'])).toEqual([]);
});

test('the certificate is served as JSON and as a page to print, to nobody but who may read it', async () => {
  const { results } = await certified(await erase(await contact()));
  const { certificate, keyId, signature, path } = results[0].certificate;
  const json = await requestWithAccept(path, 'application/json');
  expect(await json.json()).toEqual({ certificate, keyId, signature });
  const page = await requestWithAccept(path, 'text/html');
  const text = await page.text();
  expect(page.headers.get('content-type')).toMatch('text/html');
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
  expect(text).toContain('Certificate of erasure');
  expect(text).toContain(signature);
  const eve = await signUp(server, `Eve${crypto.randomUUID()}`);
  expect((await requestWithAccept(path, 'application/json', eve.token)).status).toBe(404);
  expect((await fetch(`${server.origin}${path}`)).status).toBe(401);
  expect((await requestWithAccept(path.replace(/\w{8}-/, '00000000-'), 'application/json')).status).toBe(404);
});

test('[P7.3] asking again for who is erased gives the same erasure with the same certificate', async () => {
  const id = await contact();
  const first = await certified(await erase(id));
  expect(await erase(id)).toBe(first.id);
  expect((await refusal('anonymiseContact', { id }))?.code).toBe('SUBJECT_ERASED');
  expect(await erasureOf(first.id)).toEqual(first);
  expect(typesOf(await historyOf(ask, { entityId: first.id }))).toEqual([
    ...['ErasureRequested', 'ErasureStarted', 'ErasureCarriedOut', 'ErasureCertified'],
  ]);
});

test('several people go in one request, each with a certificate that names nobody else', async () => {
  const contactIds = [await contact(), await contact(), await contact()];
  const stays = await contact();
  const { id } = await mutate(ask, 'requestErasure', { contactIds, kind: 'ERASE', reasonCode: 'UNLAWFUL' }, 'id');
  const { results, ...erasure } = await certified(id);
  expect(erasure).toMatchObject({ people: 3, carriedOut: 3, certified: 3, reasonCode: 'UNLAWFUL' });
  for (const each of results) {
    const others = contactIds.filter((other) => other !== each.contactId);
    for (const other of others) expect(each.certificate.certificate).not.toContain(other);
    expect(await nameOf(each.contactId)).toBeNull();
  }
  expect(await nameOf(stays)).toBe('Wqzxgoing');
  const { erasures } = await ask('{ erasures { nodes { id people } } }');
  expect(erasures.nodes).toEqual([{ id, people: 3 }]);
  expect((await refusal('requestErasure', { contactIds: [], kind: 'ERASE' }))?.code).toBe('BAD_USER_INPUT');
});

test('[P6.4] who is under a hold is not erased: a code, and it goes on by itself when the last hold is lifted', async () => {
  const id = await contact();
  const place = (ground: string) => mutate(ask, 'placeHold', { contactId: id, ground, note: 'Case 7' }, 'id ground');
  const [first] = await place('LEGAL_CLAIM');
  const holds = await place('LEGAL_OBLIGATION');
  expect(holds).toHaveLength(2);
  expect(await refusal('eraseContact', { id })).toEqual({ code: 'LEGAL_HOLD', field: 'input.id' });
  const { erasures } = await ask(`{ erasures { nodes { ${ERASURE} } } }`);
  expect(erasures.nodes).toMatchObject([{ standing: 'ON_HOLD', carriedOut: 0 }]);
  expect(await nameOf(id)).toBe('Wqzxgoing');
  const lift = (holdId: string) => mutate(ask, 'liftHold', { contactId: id, holdId }, 'id');
  await lift(first.id);
  expect(await nameOf(id)).toBe('Wqzxgoing');
  const second = holds.find((hold: { id: string }) => hold.id !== first.id);
  expect(await lift(second.id)).toEqual([]);
  expect(await nameOf(id)).toBeNull();
  await certified(erasures.nodes[0].id);
  expect((await refusal('placeHold', { contactId: id, ground: 'LEGAL_CLAIM' }))?.code).toBe('SUBJECT_ERASED');
});

test('where the workspace wants a second person, nothing goes before they have approved, and never by the first alone', async () => {
  await mutate(ask, 'setSafeguards', { approval: 'SECOND_PERSON' }, 'approval');
  const id = await contact();
  const erasureId = await erase(id);
  expect(await erasureOf(erasureId)).toMatchObject({ standing: 'AWAITING_APPROVAL', carriedOut: 0 });
  expect((await refusal('approveErasure', { erasureId }))?.code).toBe('SECOND_PERSON_REQUIRED');
  expect(await erase(id)).toBe(erasureId);
  expect(await nameOf(id)).toBe('Wqzxgoing');
  const calledOff = await mutate(ask, 'callOffErasure', { erasureId }, 'standing');
  expect(calledOff.standing).toBe('CALLED_OFF');
  expect((await refusal('approveErasure', { erasureId }))?.code).toBe('ERASURE_CALLED_OFF');
  expect(await erase(id)).not.toBe(erasureId);
});

test('within the delay that the workspace has set an erasure can be called off; what has started cannot', async () => {
  await mutate(ask, 'setSafeguards', { approval: 'DELAY', delayHours: 48 }, 'approval');
  const id = await contact();
  const erasureId = await erase(id, 'anonymiseContact');
  const { standing, dueAt } = await erasureOf(erasureId);
  expect(standing).toBe('SCHEDULED');
  expect(Date.parse(dueAt) - Date.now()).toBeGreaterThan(47 * 3_600_000);
  await mutate(ask, 'callOffErasure', { erasureId }, 'standing');
  expect(await nameOf(id)).toBe('Wqzxgoing');
  await mutate(ask, 'setSafeguards', { approval: 'NONE' }, 'approval');
  const begun = await erase(id);
  expect((await refusal('callOffErasure', { erasureId: begun }))?.code).toBe('ERASURE_STARTED');
});

test('[P7.3] a dry run says what goes, what stays and where else the person may be named, and does nothing', async () => {
  const email = [{ value: 'dry@example.com' }];
  const id = await contact({ familyName: 'Dryrun', birthDate: '1906-12-09', department: 'Computing', emails: email });
  const twin = await contact({ familyName: 'Other', emails: email });
  const linked = await newId(ask, 'deal', { title: 'Compiler', contactId: id });
  const naming = await newId(ask, 'deal', { title: 'Call Wqzxgoing Dryrun back' });
  await newId(ask, 'deal', { title: 'Call Wqzxgoing back' });
  const before = await historyOf(ask);
  const { erasurePreview } = await ask(
    `query ($id: ID!) { erasurePreview(contactIds: [$id]) { contactId onHold linkedDeals sameAddress
      fields { name category class anonymise } possibleMentions { kind id } } }`,
    { id },
  );
  expect(erasurePreview).toEqual([
    {
      contactId: id,
      onHold: false,
      linkedDeals: 1,
      sameAddress: [twin],
      fields: expect.arrayContaining([
        { name: 'name', category: 'name', class: 'profile', anonymise: 'remove' },
        { name: 'birthDate', category: 'birth.date', class: 'profile', anonymise: 'year' },
        { name: 'work.department', category: 'work.title', class: 'profile', anonymise: 'keep' },
      ]),
      possibleMentions: expect.arrayContaining([
        { kind: 'DEAL', id: naming },
        { kind: 'CONTACT', id: twin },
      ]),
    },
  ]);
  expect(erasurePreview[0].possibleMentions).toHaveLength(2);
  expect(await historyOf(ask)).toEqual(before);
  expect(linked).not.toBe(naming);
});
