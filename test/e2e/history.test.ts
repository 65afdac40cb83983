import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { eventually, laterInstant } from '../support/eventually.js';
import { historyOf, mutate, newId, typesOf } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(directory.path());
});
afterAll(() => server.stop());

const newcomer = async (name: string) => {
  const caller = await signUp(server, name);
  return { caller, ask: asking(server, caller) };
};

describe('the history of a workspace', () => {
  let ada: SignedUp;
  let ask: ReturnType<typeof asking>;
  let grace: { id: string; subject: string };
  let acme: string;

  beforeAll(async () => {
    ({ caller: ada, ask } = await newcomer('Ada'));
    acme = await newId(ask, 'company', { name: 'Acme' });
    const { contact } = await mutate(
      ask,
      'createContact',
      { givenName: 'Grace', companyId: acme },
      'contact { id subjectId }',
    );
    grace = { id: contact.id, subject: contact.subjectId };
    await laterInstant();
    await mutate(ask, 'updateContact', { id: grace.id, jobTitle: 'Admiral' }, 'version');
    await laterInstant();
    const given = {
      contactId: grace.id,
      purpose: 'MARKETING',
      channel: 'EMAIL',
      noticeVersion: '1',
      means: 'by phone',
    };
    await mutate(ask, 'recordConsent', given, 'consent { state }');
  });

  test('begins with the workspace and has everything that happened, in order', async () => {
    const events = await historyOf(ask);
    expect(typesOf(events)).toEqual([
      ...['WorkspaceCreated', 'PipelineDefined', 'MemberAdded', 'CompanyCreated'],
      ...['ContactCreated', 'ContactUpdated', 'ConsentGiven'],
    ]);
    const positions = events.map(({ position }: { position: string }) => position);
    expect(positions).toEqual(positions.toSorted());
    for (const { actor, recordedAt } of events) {
      expect(actor.id).toBe(ada.account);
      expect(recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  test('is filtered by record, by person, by actor, by type, and by several at once', async () => {
    expect(typesOf(await historyOf(ask, { entityId: grace.id }))).toEqual(['ContactCreated', 'ContactUpdated']);
    expect(typesOf(await historyOf(ask, { subjectId: grace.subject }))).toEqual([
      ...['ContactCreated', 'ContactUpdated', 'ConsentGiven'],
    ]);
    expect(await historyOf(ask, { actorId: ada.account })).toHaveLength(7);
    expect(await historyOf(ask, { actorId: grace.id })).toEqual([]);
    expect(await historyOf(ask, { type: 'CompanyCreated' })).toMatchObject([{ entityId: acme, revision: 0 }]);
    const both = await historyOf(ask, { subjectId: grace.subject, type: 'ConsentGiven', actorId: ada.account });
    expect(typesOf(both)).toEqual(['ConsentGiven']);
  });

  test('is filtered by time, the bounds included, whatever offset they are written in', async () => {
    const [, updated, consented] = await historyOf(ask, { subjectId: grace.subject });
    expect(typesOf(await historyOf(ask, { from: updated.recordedAt }))).toEqual(['ContactUpdated', 'ConsentGiven']);
    const between = { from: updated.recordedAt, to: updated.recordedAt };
    expect(typesOf(await historyOf(ask, between))).toEqual(['ContactUpdated']);
    const until = { subjectId: grace.subject, to: new Date(Date.parse(consented.recordedAt) - 1).toISOString() };
    expect(typesOf(await historyOf(ask, until))).toEqual(['ContactCreated', 'ContactUpdated']);
    const elsewhere = new Date(Date.parse(consented.recordedAt) + 2 * 3_600_000).toISOString().replace('Z', '+02:00');
    expect(typesOf(await historyOf(ask, { from: elsewhere }))).toEqual(['ConsentGiven']);
  });

  test('comes in pages without loss or duplicate', async () => {
    const whole = await historyOf(ask);
    for (const size of [1, 2, 3]) expect(await historyOf(ask, {}, size)).toEqual(whole);
    const filter = { subjectId: grace.subject };
    expect(await historyOf(ask, filter, 1)).toEqual(await historyOf(ask, filter));
  });

  test('shows sealed fields to the owner, and which fields are somebody’s', async () => {
    const [created] = await historyOf(ask, { entityId: grace.id });
    expect(created.fields).toEqual([
      { name: 'company', value: acme, personal: false, erased: false },
      { name: 'name', value: { givenName: 'Grace' }, personal: true, erased: false },
    ]);
  });

  test('[P7.3] after an erasure still has everything that happened, its sealed fields as erased', async () => {
    const id = await newId(ask, 'contact', { givenName: 'Forgettable', emails: [{ value: 'f@acme.example' }] });
    const { contact } = await ask('query ($id: ID!) { contact(id: $id) { subjectId } }', { id });
    const before = await historyOf(ask, { subjectId: contact.subjectId });
    await mutate(ask, 'eraseContact', { id, reason: 'asked on the phone' }, 'subjectId');
    const after = await historyOf(ask, { subjectId: contact.subjectId });
    expect(typesOf(after)).toEqual(['ContactCreated', 'SubjectErased']);
    const erasedFields = before[0].fields.map((field: object) => ({ ...field, value: null, erased: true }));
    expect(after[0]).toEqual({ ...before[0], fields: erasedFields });
    const [request] = await historyOf(ask, { type: 'ErasureRequested' });
    expect(request.fields).toContainEqual({ name: 'note', value: 'asked on the phone', personal: true, erased: false });
    expect(JSON.stringify(await historyOf(ask))).not.toContain('Forgettable');
  });

  test('[P5.3] is nobody else’s', async () => {
    const eve = await newcomer('Eve');
    expect(await historyOf(eve.ask, { entityId: grace.id })).toEqual([]);
    expect(typesOf(await historyOf(eve.ask))).toEqual(['WorkspaceCreated', 'PipelineDefined', 'MemberAdded']);
  });
});

describe('as of an instant', () => {
  let ask: ReturnType<typeof asking>;
  beforeAll(async () => {
    ({ ask } = await newcomer('Historian'));
  });

  const CONTACT = `query ($id: ID!, $asOf: DateTime) { contact(id: $id, asOf: $asOf) {
    version displayName jobTitle privacyState deletedAt company { name } consents { channel state since } } }`;
  const contactAt = async (id: string, asOf?: string) => (await ask(CONTACT, { id, asOf })).contact;

  test('a contact is shown as it was then: before it was made, between changes, in the bin, and now', async () => {
    const before = await laterInstant();
    const id = await newId(ask, 'contact', { givenName: 'Grace', jobTitle: 'Ensign' });
    const created = await contactAt(id);
    const made = await laterInstant();
    await mutate(ask, 'updateContact', { id, jobTitle: null, familyName: 'Hopper' }, 'version');
    const updated = await contactAt(id);
    const changed = await laterInstant();
    await mutate(ask, 'deleteContact', { id }, 'version');
    const binned = await contactAt(id);
    expect(await contactAt(id, before)).toBeNull();
    expect(await contactAt(id, made)).toEqual(created);
    expect(await contactAt(id, changed)).toEqual(updated);
    expect(await contactAt(id, await laterInstant())).toEqual(binned);
    expect([created.jobTitle, updated.jobTitle, binned.deletedAt]).toEqual(['Ensign', null, expect.any(String)]);
    for (const { recordedAt, revision } of await historyOf(ask, { entityId: id })) {
      expect((await contactAt(id, recordedAt)).version).toBe(revision + 1);
    }
  });

  test('[P3.8] consents are shown as they stood then', async () => {
    const contactId = await newId(ask, 'contact', { givenName: 'Consenting' });
    const standings: { at: string; consents: unknown }[] = [];
    const remember = async () =>
      standings.push({ consents: (await contactAt(contactId)).consents, at: await laterInstant() });
    const consent = { contactId, purpose: 'MARKETING', channel: 'EMAIL' };
    await remember();
    await mutate(ask, 'recordConsent', { ...consent, noticeVersion: '1' }, 'consent { state }');
    await remember();
    await mutate(ask, 'withdrawConsent', consent, 'consent { state }');
    await remember();
    await mutate(ask, 'recordConsent', { ...consent, channel: 'PHONE', noticeVersion: '2' }, 'consent { state }');
    await remember();
    for (const { at, consents } of standings) expect((await contactAt(contactId, at)).consents).toEqual(consents);
    const states = standings.map(({ consents }) => (consents as { state: string }[]).map(({ state }) => state).join());
    expect(states).toEqual(['', 'GIVEN', 'WITHDRAWN', 'WITHDRAWN,GIVEN']);
  });

  test('[P7.3] an erased person does not come back by asking for the past', async () => {
    const id = await newId(ask, 'contact', { givenName: 'Forgettable', jobTitle: 'Secret' });
    const made = await laterInstant();
    await mutate(ask, 'eraseContact', { id }, 'subjectId');
    expect(await contactAt(id, await laterInstant())).toBeNull();
    const past = await contactAt(id, made);
    expect(past).toMatchObject({ version: 1, jobTitle: null });
    expect(JSON.stringify(past)).not.toMatch(/Forgettable|Secret/);
  });

  test('a deal is shown as it was then, with the stages it had come through', async () => {
    const query = `query ($id: ID!, $asOf: DateTime) { deal(id: $id, asOf: $asOf) {
      version title stage valueMinor stageHistory { stage since } contact { id } } }`;
    const dealAt = async (id: string, asOf?: string) => (await ask(query, { id, asOf })).deal;
    const before = await laterInstant();
    const id = await newId(ask, 'deal', { title: 'Old', valueMinor: 1 });
    const created = await dealAt(id);
    const made = await laterInstant();
    await mutate(ask, 'updateDeal', { id, title: 'New', valueMinor: 2, stage: 'won' }, 'version');
    expect(await dealAt(id, before)).toBeNull();
    expect(await dealAt(id, made)).toEqual(created);
    expect(await dealAt(id, await laterInstant())).toEqual(await dealAt(id));
    expect(created).toMatchObject({ title: 'Old', stage: 'prospecting', valueMinor: 1 });
  });

  test('[P5.3] nothing of another workspace is shown, at no instant', async () => {
    const [contactId, dealId] = [
      await newId(ask, 'contact', { givenName: 'G' }),
      await newId(ask, 'deal', { title: 'D' }),
    ];
    const asOf = await laterInstant();
    const stranger = await newcomer('Stranger');
    const query =
      'query ($c: ID!, $d: ID!, $asOf: DateTime!) { contact(id: $c, asOf: $asOf) { id } deal(id: $d, asOf: $asOf) { id } }';
    expect(await stranger.ask(query, { c: contactId, d: dealId, asOf })).toEqual({ contact: null, deal: null });
  });
});

describe('the subscription to new events', () => {
  const clients: Client[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose();
  });

  interface Followed {
    readonly id: string;
    readonly type: string;
    readonly entityId: string;
  }

  /** Follows the events of a filter until it is stopped; what has come so far is in `events`. */
  const follow = (caller: { token: string; workspaceId?: string } | undefined, filter: object = {}) => {
    const headers = { authorization: `Bearer ${caller?.token}`, 'x-workspace': caller?.workspaceId };
    const connectionParams = caller === undefined ? {} : headers;
    const url = server.url.replace('http', 'ws');
    const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, lazy: true, retryAttempts: 0 });
    clients.push(client);
    const query = `subscription ($filter: HistoryFilter) { events(filter: $filter) {
      id type entityId actor { id } fields { name value erased } } }`;
    const answers = client.iterate<{ events: Followed }>({ query, variables: { filter } });
    const events: Followed[] = [];
    const errors: unknown[] = [];
    const ended = (async () => {
      for await (const { data, errors: found } of answers) {
        if (data?.events) events.push(data.events);
        for (const error of found ?? []) errors.push(error.extensions?.code);
      }
    })().catch((refused: unknown) => {
      for (const error of Array.isArray(refused) ? refused : [refused]) errors.push(error.extensions?.code ?? error);
    });
    return { events, errors, ended, stop: () => answers.return?.() };
  };

  /** A subscription says nothing until something happens: makes something happen until the first of it arrives. */
  const begun = async (followed: { events: Followed[] }, happen: () => Promise<unknown>) => {
    await eventually('the first event of a subscription', async () => {
      await happen();
      return followed.events.length > 0;
    });
  };

  const arrived = (followed: { events: Followed[] }, entityId: string) =>
    eventually('an event', () => followed.events.some((event) => event.entityId === entityId));

  test('brings events as they happen, each once and in order, with their fields', async () => {
    const { caller, ask } = await newcomer('Follower');
    const followed = follow(caller);
    await begun(followed, () => newId(ask, 'product', { name: 'Beacon' }));
    const ids = [];
    for (let number = 0; number < 20; number++) ids.push(await newId(ask, 'company', { name: `Company ${number}` }));
    await arrived(followed, ids.at(-1)!);
    const events = followed.events.filter(({ type }) => type === 'CompanyCreated');
    expect(events.map(({ entityId }) => entityId)).toEqual(ids);
    expect(events[7]).toMatchObject({
      actor: { id: caller.account },
      fields: [{ name: 'name', value: 'Company 7', erased: false }],
    });
    const recorded = await historyOf(ask, { type: 'CompanyCreated' });
    expect(events.map(({ id }) => id)).toEqual(recorded.map(({ id }: { id: string }) => id));
  });

  test('brings only what meets its filter', async () => {
    const { caller, ask } = await newcomer('Filterer');
    const id = await newId(ask, 'contact', { givenName: 'Watched' });
    const { contact } = await ask('query ($id: ID!) { contact(id: $id) { subjectId } }', { id });
    const ofEntity = follow(caller, { entityId: id });
    const ofSubject = follow(caller, { subjectId: contact.subjectId, actorId: caller.account });
    const ofType = follow(caller, { type: 'ContactDeleted' });
    const touch = () => mutate(ask, 'updateContact', { id, nickname: crypto.randomUUID() }, 'version');
    await begun(ofEntity, touch);
    await begun(ofSubject, touch);
    await begun(ofType, async () =>
      mutate(ask, 'deleteContact', { id: await newId(ask, 'contact', { givenName: 'D' }) }, 'version'),
    );
    await mutate(ask, 'deleteContact', { id }, 'version');
    await arrived(ofType, id);
    await eventually('the deletion', () => ofEntity.events.at(-1)?.type === 'ContactDeleted');
    await eventually('the deletion', () => ofSubject.events.at(-1)?.type === 'ContactDeleted');
    expect(new Set(ofEntity.events.map(({ entityId }) => entityId))).toEqual(new Set([id]));
    expect(new Set(ofSubject.events.map(({ entityId }) => entityId))).toEqual(new Set([id]));
    expect(new Set(ofType.events.map(({ type }) => type))).toEqual(new Set(['ContactDeleted']));
  });

  test('[P5.3] never brings anything of another workspace', async () => {
    const [ada, eve] = [await newcomer('Neighbour'), await newcomer('Nosy')];
    const secret = await newId(ada.ask, 'contact', { givenName: 'Secret' });
    const followed = follow(eve.caller);
    const followedById = follow(eve.caller, { entityId: secret });
    await begun(followed, () => newId(eve.ask, 'company', { name: 'Beacon' }));
    for (let times = 0; times < 5; times++)
      await mutate(ada.ask, 'updateContact', { id: secret, nickname: `${times}` }, 'version');
    const last = await newId(eve.ask, 'company', { name: 'Last' });
    await arrived(followed, last);
    expect(new Set(followed.events.map(({ type }) => type))).toEqual(new Set(['CompanyCreated']));
    expect(followedById.events).toEqual([]);
    const intruder = follow({ token: eve.caller.token, workspaceId: ada.caller.workspaceId });
    await intruder.ended;
    expect([intruder.events, intruder.errors]).toEqual([[], ['FORBIDDEN']]);
  });

  test('[P5.3] is for those who are signed in, and only as long as they are', async () => {
    const nobody = follow(undefined);
    await nobody.ended;
    expect([nobody.events, nobody.errors]).toEqual([[], ['UNAUTHENTICATED']]);
    const { caller, ask } = await newcomer('Leaver');
    const { signIn } = await asking(server)(
      'mutation ($email: String!) { signIn(input: { email: $email, password: "correct horse battery" }) { token } }',
      {
        email: 'leaver@example.com',
      },
    );
    const followed = follow({ ...caller, token: signIn.token });
    await begun(followed, () => newId(ask, 'company', { name: 'Beacon' }));
    await asking(server, { token: signIn.token })('mutation { signOut }');
    const seen = followed.events.length;
    await eventually('the end of the subscription', async () => {
      await newId(ask, 'company', { name: 'Unseen' });
      return followed.errors.length > 0;
    });
    expect(followed.errors[0]).toBe('UNAUTHENTICATED');
    expect(followed.events.length).toBe(seen);
  });

  test('stops when it is told to, and the connection serves on', async () => {
    const { caller, ask } = await newcomer('Stopper');
    const followed = follow(caller);
    await begun(followed, () => newId(ask, 'company', { name: 'Beacon' }));
    await followed.stop();
    await followed.ended;
    const seen = followed.events.length;
    await newId(ask, 'company', { name: 'Unseen' });
    const again = follow(caller);
    await begun(again, () => newId(ask, 'company', { name: 'Beacon' }));
    expect(followed.events).toHaveLength(seen);
    expect([...followed.errors, ...again.errors]).toEqual([]);
  });
});
