import { existsSync, readFileSync } from 'node:fs';
import { mutation } from '../support/mutations.js';
import { asking, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { ask, type Heard } from './crowd.js';

/** `npm run load -- --connections N --seconds S` sets these; there it is 500 for a minute. */
const CONNECTIONS = Number(process.env.LOAD_CONNECTIONS ?? 60);
const SECONDS = Number(process.env.LOAD_SECONDS ?? 3);
/** Under way on each connection, so that all together are several times what the server answers at once. */
const AHEAD = Math.max(12, Math.ceil(3_000 / CONNECTIONS));
/** What the server may take at most, whatever is asked of it. */
const MEMORY_MIB = 1_024;
/** Of one account, a second: a page costs it 250, so that whoever only reads is soon told to wait. */
const COST_PER_SECOND = 2_000;
/** How long the crowd goes on at most, on a slow machine, for what has to be seen to be seen. */
const AT_MOST_MS = 60_000 + SECONDS * 1_000;
const TIMEOUT_MS = 2 * AT_MOST_MS;

const directory = temporaryDirectory();
const READ = '{ contacts(first: 50) { nodes { id displayName emails { value } } } }';
const CREATE = mutation('createContact', 'contact { id }');

/** However slow the machine is: without these nothing would be seen. */
const WANTED = ['read: answered', 'write: answered', 'read: OVERLOADED', 'read: RATE_LIMITED'];

/** By the name that they give: the id of what was acknowledged, and what was refused before anything was done. */
const acknowledged = new Map<string, string>();
const refused = new Set<string>();
const answers = new Map<string, number>();
const unclear: string[] = [];
let server: TestServer;
let writer: SignedUp;
let memoryMiB: number | undefined;
let cut: number;
let alive: readonly number[];

/** The code that it is refused with; `none` where it neither is nor has data. */
const codeOf = ({ body }: Heard): string => {
  const { data, errors } = JSON.parse(body);
  return errors?.[0].extensions.code ?? (data ? 'answered' : 'none');
};

/** Counts an answer, and keeps it where it is neither one nor a clear refusal. */
const heard = (kind: string, answer: Heard): string => {
  const code = codeOf(answer);
  answers.set(`${kind}: ${code}`, (answers.get(`${kind}: ${code}`) ?? 0) + 1);
  const { retryAfter } = JSON.parse(answer.body).errors?.[0].extensions ?? {};
  const clear = {
    answered: answer.status === 200,
    OVERLOADED: answer.status === 503 && retryAfter >= 1 && answer.retryAfter === `${retryAfter}`,
    RATE_LIMITED: answer.status === 429 && retryAfter >= 1 && answer.retryAfter === `${retryAfter}`,
    REQUEST_TIMEOUT: true, // on a machine that has other things to do
    CONSISTENCY_TIMEOUT: true,
  }[code];
  if (clear !== true && unclear.length < 10) unclear.push(`${kind} ${answer.status} ${answer.body.slice(0, 300)}`);
  return code;
};

const headersOf = ({ token, workspaceId }: SignedUp) => ({
  authorization: `Bearer ${token}`,
  'x-workspace': workspaceId,
});

const mixed = (reader: SignedUp) => {
  let number = 0;
  const read = () => ({
    headers: headersOf(reader),
    body: JSON.stringify({ query: READ }),
    answered: (answer: Heard) => void heard('read', answer),
  });
  const write = () => {
    const givenName = `Contact ${number}`;
    return {
      headers: headersOf(writer),
      body: JSON.stringify({ query: CREATE, variables: { input: { givenName } } }),
      answered: (answer: Heard) => {
        const code = heard('write', answer);
        if (code === 'answered') acknowledged.set(givenName, JSON.parse(answer.body).data.createContact.contact.id);
        if (code === 'OVERLOADED' || code === 'RATE_LIMITED') refused.add(givenName);
      },
    };
  };
  return () => (number++ % 2 === 0 ? write() : read());
};

/** The most that the process has had in memory; Linux says it (proc_pid_status(5), VmHWM). */
const mostMemoryMiB = (pid: number): number | undefined => {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))![1]) / 1_024;
};

/** Asks whether the server is alive, again and again; gives what it answered. */
const askingAfterIt = () => {
  const statuses: number[] = [];
  let over = false;
  const asked = (async () => {
    while (!over) statuses.push((await fetch(`${server.origin}/health/live`)).status);
  })();
  return async () => {
    over = true;
    await asked;
    return statuses;
  };
};

/** Names of the writer's contacts with their ids, as many as there are. */
const contactsByName = async (): Promise<ReadonlyMap<string, readonly string[]>> => {
  const found = new Map<string, string[]>();
  const page =
    'query ($after: String) { contacts(first: 200, after: $after) { nodes { id givenName } pageInfo { endCursor hasNextPage } } }';
  const asks = asking(server, { token: writer.token, workspace: writer.workspaceId });
  for (let after: string | null = null; ; ) {
    const { contacts } = await asks(page, { after });
    for (const { id, givenName } of contacts.nodes) found.set(givenName, [...(found.get(givenName) ?? []), id]);
    if (!contacts.pageInfo.hasNextPage) return found;
    after = contacts.pageInfo.endCursor;
  }
};

const report = (): void => {
  const counted = [...answers].map(([what, times]) => `${what} ${times}`).join(', ');
  const memory = memoryMiB === undefined ? '' : `; at most ${Math.round(memoryMiB)} MiB`;
  process.stdout.write(`load: ${CONNECTIONS} connections, ${SECONDS} s: ${counted}${memory}\n`);
};

describe('under load', () => {
  beforeAll(async () => {
    server = await startServer(directory.path(), { COST_PER_SECOND: `${COST_PER_SECOND}`, LOG_LEVEL: 'error' });
    writer = await signUp(server, 'Wanda');
    const reader = await signUp(server, 'Rosa');
    const aliveness = askingAfterIt();
    const crowd = await ask({
      url: server.url,
      connections: CONNECTIONS,
      ahead: AHEAD,
      durationMs: SECONDS * 1_000,
      enough: () => WANTED.every((what) => answers.has(what)),
      atMostMs: AT_MOST_MS,
      next: mixed(reader),
    });
    cut = crowd.cut;
    alive = await aliveness();
    memoryMiB = mostMemoryMiB(server.pid);
    await server.kill();
    crowd.hangUp();
    report();
    server = await startServer(directory.path());
  }, TIMEOUT_MS);
  afterAll(() => server.stop());

  test('[P3.6] what is more than the server answers at once, or than an account may ask, is refused with when to try again', () => {
    expect(unclear).toEqual([]);
    expect(WANTED.filter((what) => !answers.has(what))).toEqual([]);
  });

  test('no connection is cut meanwhile, and the server says that it is alive', () => {
    expect(cut).toBe(0);
    expect(alive.length).toBeGreaterThan(0);
    expect(alive.filter((status) => status !== 200)).toEqual([]);
  });

  test(`the server takes at most ${MEMORY_MIB} MiB meanwhile`, () => {
    if (memoryMiB === undefined) return; // nobody says it here
    expect(memoryMiB).toBeLessThan(MEMORY_MIB);
  });

  test(
    'each contact that was acknowledged is there once, though the server was killed in the middle of it, and none that was refused',
    async () => {
      const found = await contactsByName();
      expect(acknowledged.size).toBeGreaterThan(0);
      expect([...acknowledged].filter(([name, id]) => found.get(name)?.join() !== id)).toEqual([]);
      expect([...refused].filter((name) => found.has(name))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
