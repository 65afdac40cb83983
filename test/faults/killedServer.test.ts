import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { keysIn } from '../support/keys.js';
import { attempt, historyOf, mutate, mutation, newId, typesOf } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;

beforeAll(async () => {
  server = await startServer(directory.path());
  ada = await signUp(server, 'Ada');
});
afterAll(() => server.kill());

const killed = async () => {
  await server.kill();
  server = await startServer(directory.path());
};

interface Command {
  readonly commandId: string;
  readonly givenName: string;
  /** The id that was answered before the server was killed; none where no answer came. */
  acknowledged?: string;
}

const CREATE = mutation('createContact', 'contact { id givenName } version position');

/** Sends a command; no answer is not an error here, but an answer that is none is. */
const send = async (command: Command) => {
  const input = { commandId: command.commandId, givenName: command.givenName };
  const answer = await server.ask(CREATE, { input }, ada).catch(() => undefined);
  if (answer === undefined) return;
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  command.acknowledged = answer.data.createContact.contact.id;
};

const KILLS = 8;
const AT_ONCE = 32;

test('after kill -9 at any moment every acknowledged contact is there with its event, and sending all again makes each once', async () => {
  const commands: Command[] = [];
  for (let round = 0; round < KILLS; round++) {
    const enough = randomInt(1, 3 * AT_ONCE);
    let acknowledged = 0;
    let over = false;
    const writers = Array.from({ length: AT_ONCE }, async () => {
      while (!over) {
        const command: Command = { commandId: crypto.randomUUID(), givenName: `Contact ${commands.length}` };
        commands.push(command);
        await send(command);
        acknowledged += 1;
        if (acknowledged < enough || over) continue;
        over = true;
        await server.kill();
      }
    });
    await Promise.all(writers);
    await killed();
  }
  const kept = commands.filter(({ acknowledged }) => acknowledged !== undefined);
  expect(kept.length).toBeGreaterThan(KILLS);
  const created = await createdContacts();
  for (const { acknowledged, givenName } of kept) expect(created.get(acknowledged!)).toEqual({ givenName });
  expect(await listedContacts()).toEqual(created);

  for (let at = 0; at < commands.length; at += AT_ONCE) {
    await Promise.all(
      commands.slice(at, at + AT_ONCE).map(async (command) => {
        const before = command.acknowledged;
        await send(command);
        expect(command.acknowledged).toEqual(before ?? expect.any(String));
      }),
    );
  }
  const all = new Map(commands.map(({ acknowledged, givenName }) => [acknowledged!, { givenName }]));
  expect(all.size).toBe(commands.length);
  expect(await createdContacts()).toEqual(all);
  expect(await listedContacts()).toEqual(all);
}, 120_000);

/** Contacts by what the history says was created. */
const createdContacts = async (): Promise<Map<string, unknown>> => {
  const events = await historyOf(asking(server, ada), { type: 'ContactCreated' });
  const entries = events.map((event: { entityId: string; fields: { name: string; value: unknown }[] }) => {
    const name = event.fields.find((field) => field.name === 'name');
    return [event.entityId, name?.value] as const;
  });
  expect(new Set(entries.map(([id]) => id)).size).toBe(entries.length);
  return new Map(entries);
};

/** Contacts as the list shows them. */
const listedContacts = async (): Promise<Map<string, unknown>> => {
  const ask = asking(server, ada);
  const found = new Map<string, unknown>();
  for (let after: string | null = null; ; ) {
    const query =
      'query ($after: String) { contacts(first: 200, after: $after) { nodes { id givenName } pageInfo { hasNextPage endCursor } } }';
    const { contacts } = await ask(query, { after });
    for (const { id, givenName } of contacts.nodes) found.set(id, { givenName });
    if (!contacts.pageInfo.hasNextPage) return found;
    after = contacts.pageInfo.endCursor;
  }
};

const ROUNDS = 5;
const PEOPLE = 6;

interface Person {
  readonly id: string;
  readonly subject: string;
  readonly givenName: string;
  readonly deal: string;
  acknowledged: boolean;
}

test('[P7.3] after kill -9 during erasures each is finished or has not begun, never half; sent again, all are finished', async () => {
  const people: Person[] = [];
  const newPeople = async (round: number) => {
    const names = Array.from({ length: PEOPLE }, (_, index) => `Leaving${round}x${index}`);
    const leaving = await Promise.all(names.map((name) => newPerson(asking(server, ada), name)));
    people.push(...leaving);
    return leaving;
  };
  const undisturbed = await newPeople(0);
  const began = performance.now();
  await Promise.all(undisturbed.map(erase));
  const roundMs = performance.now() - began;
  for (let round = 1; round <= ROUNDS; round++) {
    const leaving = await newPeople(round);
    const erasures = leaving.map(erase);
    await pause(roundMs * Math.random());
    await server.kill();
    await Promise.all(erasures);
    await killed();
    for (const person of leaving) {
      const { standing } = await found(person);
      expect([person.givenName, standing]).toEqual([person.givenName, person.acknowledged ? 'erased' : standing]);
    }
  }
  for (const person of people) await mutate(asking(server, ada), 'eraseContact', { id: person.id }, 'subjectId');
  for (const person of people) expect(await found(person)).toMatchObject({ standing: 'erased' });
  await keysAreGone(people);
}, 120_000);

const newPerson = async (ask: ReturnType<typeof asking>, givenName: string): Promise<Person> => {
  const { contact } = await mutate(ask, 'createContact', { givenName }, 'contact { id subjectId }');
  const consent = {
    contactId: contact.id,
    purpose: 'MARKETING',
    channel: 'EMAIL',
    noticeVersion: '1',
    means: 'web form',
  };
  await mutate(ask, 'recordConsent', consent, 'consent { state }');
  const deal = await newId(ask, 'deal', { title: 'Deal', contactId: contact.id });
  return { id: contact.id, subject: contact.subjectId, givenName, deal, acknowledged: false };
};

/** Where a person stands by everything that the API shows of them, which has to agree. */
const found = async ({
  id,
  subject,
  givenName,
  deal,
}: Person): Promise<{ standing: 'there' | 'erased' | 'half'; shown: unknown }> => {
  const ask = asking(server, ada);
  const shown = await ask(
    `query ($id: ID!, $deal: ID!, $name: String!) { contact(id: $id) { givenName } deal(id: $deal) { contact { id } }
      contacts(filter: { search: $name }) { totalCount } }`,
    { id, deal, name: givenName },
  );
  const events = await historyOf(ask, { subjectId: subject });
  const sealed = events.flatMap(({ fields }: { fields: { personal: boolean; erased: boolean }[] }) =>
    fields.filter(({ personal }) => personal),
  );
  const requests = await historyOf(ask, { type: 'ErasureRequested' });
  const touch = await attempt(server, ada, 'updateContact', { id, nickname: crypto.randomUUID() });
  const signs = {
    asked: requests.some(({ fields }: { fields: { name: string; value: unknown }[] }) =>
      fields.some(({ name, value }) => name === 'targets' && JSON.stringify(value).includes(id)),
    ),
    fenced: touch.errors?.[0]?.extensions.code === 'SUBJECT_ERASED',
    gone: shown.contact === null,
    unlinked: shown.deal.contact === null,
    unfound: shown.contacts.totalCount === 0,
    recorded: typesOf(events).includes('SubjectErased'),
    unreadable: sealed.every(({ erased }: { erased: boolean }) => erased),
  };
  const all = new Set(Object.values(signs));
  const readable = sealed.some(({ erased }: { erased: boolean }) => !erased);
  const standing = all.size > 1 || readable === signs.unreadable ? 'half' : signs.gone ? 'erased' : 'there';
  expect([signs, standing]).not.toEqual([signs, 'half']);
  return { standing, shown };
};

const erase = async (person: Person): Promise<void> => {
  const answer = await server
    .ask(mutation('eraseContact', 'subjectId'), { input: { id: person.id } }, ada)
    .catch(() => undefined);
  person.acknowledged = answer?.data?.eraseContact?.subjectId === person.subject;
};

/** In the vault itself, once the server has let go of it. */
const keysAreGone = async (people: readonly Person[]): Promise<void> => {
  expect(await server.stop()).toBe(0);
  const keys = await keysIn(directory.path());
  const file = join(directory.path(), 'data', 'vault.db');
  const vault = openSqliteVault({ file, fileKey: keys.vault, wrapKey: keys.wrap, random: pooledRandomBytes });
  for (const { subject } of people) {
    expect(await vault.state(ada.workspaceId, subject)).toBe('destroyed');
    const refs = ['profile', 'consent-evidence'].map((each) => ({
      workspace: ada.workspaceId,
      subject,
      class: each as 'profile',
    }));
    expect(await vault.openingKeys(refs)).toEqual([null, null]);
  }
  await vault.shut();
};
