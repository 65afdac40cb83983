import { join } from 'node:path';
import { type ContactCommand, contactDecider } from '../../src/crm/contacts/decider.js';
import { CrmError } from '../../src/errors.js';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { type CommandContext, CommandHandler } from '../../src/kernel/commandHandler.js';
import { pooledRandomBytes, subjectIdOf, timeOrderedIds } from '../../src/kernel/ids.js';
import { openEvents } from '../../src/kernel/openEvent.js';
import { Erased } from '../../src/kernel/personal.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const clock = { now: () => Date.UTC(2026, 10, 24) };
const ids = timeOrderedIds(clock);
const given = { today: '2026-11-24' };
let vault: Vault;
let eventStore: EventStore;
let files = 0;

beforeEach(() => {
  const key = Buffer.alloc(32, 1);
  const file = join(directory.path(), `vault-${files++}.db`);
  vault = openSqliteVault({ file, fileKey: key, wrapKey: key, random: pooledRandomBytes });
  eventStore = memoryEventStore();
});
afterEach(async () => {
  await eventStore.close();
  await vault.shut();
});

const handlerOver = (store: EventStore = eventStore, shared = false, keys = vault) =>
  new CommandHandler({ eventStore: store, vault: keys, clock, ids, random: pooledRandomBytes, shared });

const context = (commandId: string | null = null, workspace = 'workspace'): CommandContext => ({
  workspace,
  controller: workspace,
  actor: 'ada',
  commandId,
  correlationId: 'request',
});

const create = (id: string, givenName: string) =>
  ({ type: 'CreateContact', data: { subject: subjectIdOf(id), name: { givenName } }, given }) as const;
const rename = (id: string, givenName: string) =>
  ({ type: 'UpdateContact', data: { subject: subjectIdOf(id), name: { givenName } }, given }) as const;

test('what people enter is sealed before it reaches the event store, and opens with the key of the person', async () => {
  const handler = handlerOver();
  await handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  const [event] = await eventStore.readStream('contact-c1');
  expect(
    JSON.stringify(event, (_key, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    ),
  ).not.toContain('Grace');
  const [opened] = await openEvents([event!], vault);
  expect(opened!.data.name).toEqual({ givenName: 'Grace' });
});

test('a destroyed key leaves a field Erased, and everything else of the event readable', async () => {
  await handlerOver().handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  const subject = subjectIdOf('c1');
  await vault.close('workspace', subject);
  await vault.destroy('workspace', subject);
  const [opened] = await openEvents(await eventStore.readStream('contact-c1'), vault);
  expect(opened!.data.name).toBe(Erased);
  expect(opened!.type).toBe('ContactCreated');
});

test('a command with an id acts once, at any distance, and answers alike', async () => {
  const handler = handlerOver();
  const commandId = ids.next();
  const first = await handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context(commandId));
  await handler.handle(contactDecider, 'c1', rename('c1', 'Amazing'), context());
  expect(await handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context(commandId))).toEqual(first);
  expect(await handlerOver().handle(contactDecider, 'c1', create('c1', 'Grace'), context(commandId))).toEqual(first);
  expect(await eventStore.readStream('contact-c1')).toHaveLength(2);
});

test('the same command id with another payload is a conflict, also when both come at once', async () => {
  const handler = handlerOver();
  const commandId = ids.next();
  const [one, two] = await Promise.allSettled([
    handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context(commandId)),
    handlerOver().handle(contactDecider, 'c1', create('c1', 'Ada'), context(commandId)),
  ]);
  const refused = [one, two].filter((each) => each.status === 'rejected');
  expect(refused).toHaveLength(1);
  expect(refused[0]!.reason).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  await expect(handler.handle(contactDecider, 'c1', create('c1', 'Eve'), context(commandId))).rejects.toMatchObject({
    code: 'IDEMPOTENCY_CONFLICT',
  });
});

test('what was looked up for a decision is not part of the payload', async () => {
  const handler = handlerOver();
  const commandId = ids.next();
  await handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context(commandId));
  const later = { ...create('c1', 'Grace'), given: { today: '2027-01-01' } };
  await expect(handler.handle(contactDecider, 'c1', later, context(commandId))).resolves.toMatchObject({ version: 1 });
});

test('a stale expected version is refused, and nothing is written', async () => {
  const handler = handlerOver();
  await handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  await handler.handle(contactDecider, 'c1', rename('c1', 'Amazing'), context(), 1);
  await expect(handler.handle(contactDecider, 'c1', rename('c1', 'Late'), context(), 1)).rejects.toMatchObject({
    code: 'VERSION_CONFLICT',
    details: { expected: 1, actual: 2 },
  });
  expect(await eventStore.readStream('contact-c1')).toHaveLength(2);
});

test('a record of another workspace is as unknown as one that is not there', async () => {
  const handler = handlerOver();
  await handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  const foreign = handler.handle(contactDecider, 'c1', rename('c1', 'Mine'), context(null, 'elsewhere'));
  const unknown = handler.handle(contactDecider, 'c2', rename('c2', 'Mine'), context(null, 'elsewhere'));
  await expect(foreign).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await handler.stateOf(contactDecider, 'c1', 'elsewhere')).toBe(contactDecider.initial);
});

test('a record under an id made here is written without asking the store what is there', async () => {
  let reads = 0;
  const counting: EventStore = {
    ...eventStore,
    append: (...args) => eventStore.append(...args),
    readStream: (...args) => {
      reads++;
      return eventStore.readStream(...args);
    },
  };
  const handler = handlerOver(counting);
  const id = handler.newId(context(), 'contact');
  expect((await handler.handle(contactDecider, id, create(id, 'Grace'), context())).version).toBe(1);
  expect((await handler.handle(contactDecider, id, rename(id, 'Ada'), context())).version).toBe(2);
  expect(reads).toBe(0);
  await handler.handle(contactDecider, 'from-elsewhere', create('from-elsewhere', 'Grace'), context());
  expect(reads).toBe(1);
});

test('a writer that was beaten decides anew, at most three times', async () => {
  await handlerOver().handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  const beaten = (times: number): EventStore => {
    let left = times;
    return {
      ...bound(eventStore),
      append: (stream, events, expected) => {
        if (left-- > 0) return Promise.reject(new CrmError('WRONG_EXPECTED_REVISION'));
        return eventStore.append(stream, events, expected);
      },
    };
  };
  await handlerOver(beaten(3)).handle(contactDecider, 'c1', rename('c1', 'Third time lucky'), context());
  const hopeless = handlerOver(beaten(4)).handle(contactDecider, 'c1', rename('c1', 'Never'), context());
  await expect(hopeless).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('two processes writing one record lose nothing', async () => {
  const handlers = [handlerOver(), handlerOver()];
  await handlers[0]!.handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  const writes = Array.from({ length: 20 }, (_, index) =>
    handlers[index % 2]!.handle(contactDecider, 'c1', rename('c1', `Name ${index}`), context()),
  );
  const settled = await Promise.allSettled(writes);
  const done = settled.filter(({ status }) => status === 'fulfilled').length;
  expect(await eventStore.readStream('contact-c1')).toHaveLength(1 + done);
});

test('[P7.3] nothing can be written for a person once the fence is up', async () => {
  const handler = handlerOver();
  await handler.handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  await vault.close('workspace', subjectIdOf('c1'));
  for (const command of [rename('c1', 'Late'), { type: 'DeleteContact', subject: subjectIdOf('c1') } as const]) {
    await expect(handler.handle(contactDecider, 'c1', command, context())).rejects.toMatchObject({
      code: 'SUBJECT_ERASED',
    });
  }
  expect(await eventStore.readStream('contact-c1')).toHaveLength(1);
});

test('a value that does not fit its field is refused by the name of the field, without the value', async () => {
  const command: ContactCommand = {
    type: 'CreateContact',
    data: { subject: 's', emails: [{ value: 'nobody at nowhere' }] },
    given,
  };
  const refusal = await handlerOver()
    .handle(contactDecider, 'c1', command, context())
    .catch((error: CrmError) => error);
  expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', details: { field: 'emails.0.value' } });
  expect(JSON.stringify(refusal)).not.toContain('nowhere');
  expect(await eventStore.readStream('contact-c1')).toEqual([]);
});

/** Methods of a class instance do not survive a spread. */
const bound = (store: EventStore): EventStore => ({
  append: store.append.bind(store),
  readStream: store.readStream.bind(store),
  readAll: store.readAll.bind(store),
  subscribe: store.subscribe.bind(store),
  head: store.head.bind(store),
  close: store.close.bind(store),
});

test('where other processes append as well, nothing is refused nor told on what may be out of date', async () => {
  const [one, other] = [handlerOver(eventStore, true), handlerOver(eventStore, true)];
  const move = (type: 'DeleteContact' | 'RestoreContact') => ({ type, subject: subjectIdOf('c1') }) as const;
  await one.handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  await other.handle(contactDecider, 'c1', move('DeleteContact'), context());
  await one.handle(contactDecider, 'c1', move('RestoreContact'), context());
  // The other remembers it as deleted, at version 2.
  expect((await other.stateOf(contactDecider, 'c1', 'workspace')).deleted).toBe(false);
  await one.handle(contactDecider, 'c1', move('DeleteContact'), context());
  await one.handle(contactDecider, 'c1', move('RestoreContact'), context());
  const { version } = await other.handle(contactDecider, 'c1', rename('c1', 'Ada'), context(), 5);
  expect(version).toBe(6);
  await other.handle(contactDecider, 'c1', move('DeleteContact'), context());
  await expect(one.handle(contactDecider, 'c1', rename('c1', 'Joan'), context())).rejects.toMatchObject({
    code: 'DELETED',
  });
});

test('what was sealed under a lease that has ended meanwhile does not leave the process', async () => {
  const ended: Vault = Object.assign(Object.create(vault), {
    lease: async (...asked: Parameters<Vault['lease']>) => ({
      ...(await vault.lease(...asked)),
      assertHeld: () => {
        throw new CrmError('STORE_UNREACHABLE');
      },
    }),
  });
  const creating = handlerOver(eventStore, true, ended).handle(contactDecider, 'c1', create('c1', 'Grace'), context());
  await expect(creating).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(await eventStore.readStream('contact-c1')).toEqual([]);
});
