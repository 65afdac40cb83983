import { filesIn } from '../../src/app/dataDir.js';
import { openEvents } from '../../src/kernel/openEvent.js';
import { Erased } from '../../src/kernel/personal.js';
import { openSqliteKeyReader } from '../../src/vault/sqlite.js';
import { dataDirIn } from '../support/dataFiles.js';
import { eventually } from '../support/eventually.js';
import { keysIn } from '../support/keys.js';
import { attempt, mutate } from '../support/mutations.js';
import { type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { eventsOf, writtenLate } from './evidence.js';
import { askingAs } from './story.js';

const WRITERS = 64;
const TIMEOUT_MS = 300_000;
const directory = temporaryDirectory();
let server: TestServer;
let ada: SignedUp;

beforeAll(async () => {
  server = await startServer(directory.path());
  ada = await signUp(server, 'Ada');
}, TIMEOUT_MS);
afterAll(() => server.kill());

/** Of the person's events with something sealed, whether it opens; and which come after the fence. */
const judged = async (subject: string) => {
  const dataDir = dataDirIn(directory.path());
  const keys = await keysIn(directory.path());
  const events = await eventsOf(dataDir, keys, [subject]);
  const fence = events.findIndex(({ type }) => type === 'SubjectErased');
  const reader = openSqliteKeyReader({ file: filesIn(dataDir).vault, fileKey: keys.vault, wrapKey: keys.wrap });
  try {
    const opening = (await openEvents(events, reader)).filter(({ data }, at) =>
      Object.keys(events[at]!.sealed).some((field) => data[field] !== Erased),
    );
    return { sealed: events.length, fence, opening: opening.length, late: writtenLate(events).length };
  } finally {
    await reader.shut();
  }
};

test(
  '[P7.3] of 64 writers who seal for a person while they are erased not one writes an event after the fence that opens, now or after a restart',
  async () => {
    const ask = askingAs(server, ada);
    const { contact } = await mutate(ask, 'createContact', { givenName: 'Grace' }, 'contact { id subjectId }');
    const caller = { token: ada.token, workspace: ada.workspaceId };
    const codes = new Map<string, number>();
    let over = false;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let n = 0; !over; n++) {
        const [name, input] =
          writer % 2 === 0
            ? ['updateContact', { id: contact.id, nickname: `Name ${writer} ${n}` }]
            : [
                'recordConsent',
                {
                  contactId: contact.id,
                  purpose: 'MARKETING',
                  channel: 'EMAIL',
                  noticeVersion: `${writer}-${n}`,
                  means: 'phone',
                },
              ];
        const { errors } = await attempt(server, caller, name as string, input as object);
        const code = errors?.[0]?.extensions.code ?? 'written';
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    });
    await eventually('as many writes as writers', () => (codes.get('written') ?? 0) >= WRITERS, TIMEOUT_MS);
    await mutate(ask, 'eraseContact', { id: contact.id }, 'subjectId');
    codes.clear();
    const late = attempt(server, caller, 'updateContact', { id: contact.id, nickname: 'Late' });
    over = true;
    await Promise.all(writers);
    expect((await late).errors?.[0]?.extensions.code).toBe('SUBJECT_ERASED');
    await server.kill();
    const first = await judged(contact.subjectId);
    expect(first).toMatchObject({ opening: 0, late: 0 });
    expect(first.sealed).toBeGreaterThan(WRITERS / 2);
    server = await startServer(directory.path());
    expect(
      (await attempt(server, caller, 'updateContact', { id: contact.id, nickname: 'Later' })).errors?.[0]?.extensions
        .code,
    ).toBe('SUBJECT_ERASED');
    await server.kill();
    expect(await judged(contact.subjectId)).toEqual(first);
  },
  TIMEOUT_MS,
);
