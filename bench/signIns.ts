import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, newAccounts, PASSWORD, signInBody } from './accounts.js';
import { apart } from './apart.js';
import type { HashJob } from './bareHash.js';
import { fillContacts } from './dataset.js';
import { latencies } from './latencies.js';
import { load } from './load.js';
import { bodiesFor, DURATION_MS, LIST, PAGE, signedIn, WARM_UP_MS, wholeList } from './page.js';
import { homeIn, inProcess, type RunningProcess, startProduct } from './processes.js';
import { type Bench, inTurns, type Line, percentile, rounded } from './table.js';

const ACCOUNTS = 200;
/** Wrong passwords for each account; after ten the next would have to wait. */
const WRONG = 8;
/** More than there are threads to hash in, so that all of them always have something to do. */
const CONNECTIONS = 16;
const READERS = 8;
const CONTACTS = 1_000;

/** Whether an address has an account can be told by how long its sign-in takes, or not. */
const timing = async (product: RunningProcess, accounts: readonly Account[]): Promise<Line> => {
  const emails = accounts.flatMap(({ email }) => [email, `un${email}`]);
  const bodies = Array.from({ length: WRONG }, () => emails)
    .flat()
    .map((email) => signInBody(email, 'not the password'));
  const warmUps = Math.min(accounts.length, 20) * 2;
  const job = { url: product.url, headers: {}, connections: 1, durationMs: Number.MAX_SAFE_INTEGER };
  const requests = bodies.length - warmUps;
  const measured = await latencies({ ...job, bodies, warmUps, requests, expected: '"SIGN_IN_FAILED"' });
  const timesOf = (parity: number) => measured.filter(({ body }) => body % 2 === parity).map(({ ms }) => ms);
  return apart(
    'a wrong password for an account, against an address without one',
    timesOf(0),
    timesOf(1),
    'in turns on one connection, the same answer',
  );
};

const throughput = async (product: RunningProcess, bodies: readonly string[], rounds: number): Promise<Line> => {
  const job = { url: product.url, headers: {}, bodies, connections: CONNECTIONS, sameAnswers: false };
  const times = { warmUpMs: WARM_UP_MS, durationMs: DURATION_MS };
  const { ours, against, ratio } = await inTurns(
    rounds,
    async () => (await load({ ...job, ...times }, product)).requestsPerSecond,
    () => inProcess<HashJob, number>('bench/bareHash.js', { sideBySide: CONNECTIONS, durationMs: DURATION_MS }),
  );
  return {
    measured: `sign-ins over HTTP, ${CONNECTIONS} connections, against a bare loop of argon2id`,
    figures: { ours: `${rounded(ours)} sign-ins/s`, against: `${rounded(against)} hashes/s`, ratio },
    required: { atLeast: 0.9 },
    note: 'the same parameters, as many at once, as many threads',
  };
};

const flooded = async (
  product: RunningProcess,
  owner: Account,
  bodies: readonly string[],
  rounds: number,
): Promise<Line> => {
  const list = await wholeList(product.url, LIST, owner);
  const reads = { url: product.url, headers: signedIn(owner), bodies: bodiesFor(LIST, list), connections: READERS };
  const p99 = async () => {
    const limits = { warmUps: 200, requests: Number.MAX_SAFE_INTEGER, durationMs: WARM_UP_MS + DURATION_MS };
    const measured = await latencies({ ...reads, ...limits, expected: '{"data":' });
    return percentile(
      measured.map(({ ms }) => ms),
      99,
    );
  };
  const flood = { url: product.url, headers: {}, bodies, connections: CONNECTIONS, sameAnswers: false };
  const { ours, against, ratio } = await inTurns(
    rounds,
    async () => {
      // it begins before the reads do and ends after them
      const flooding = load({ ...flood, warmUpMs: 0, durationMs: 2 * (WARM_UP_MS + DURATION_MS) }, product);
      const [measured] = await Promise.all([p99(), flooding]);
      return measured;
    },
    p99,
  );
  return {
    measured: `p99 of contacts(first: ${PAGE}) during a flood of sign-ins, against quiet`,
    figures: { ours: `${rounded(ours)} ms`, against: `${rounded(against)} ms`, ratio },
    required: { atMost: 2 },
    note: `${READERS} connections that read, ${CONNECTIONS} that sign in`,
  };
};

export const signInsBench: Bench = {
  name: 'signIns',
  async run({ directory, scale, rounds }) {
    const own = join(directory, 'signIns');
    mkdirSync(own);
    const home = homeIn(own);
    const accounts = await newAccounts(home, ACCOUNTS * scale);
    const owner = accounts[0]!;
    await fillContacts(home, owner, CONTACTS);
    const product = await startProduct(home);
    const right = accounts.map(({ email }) => signInBody(email, PASSWORD));
    const lines = [
      await throughput(product, right, rounds),
      await flooded(product, owner, right, rounds),
      await timing(product, accounts),
    ];
    await product.stop();
    return lines;
  },
};
