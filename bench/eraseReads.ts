import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Tenant } from './dataset.js';
import type { History } from './histories.js';
import { bodiesFor, LIST, PAGE, signedIn, wholeList } from './page.js';
import { startProduct } from './processes.js';
import { now, type SteadyJob, steadyReads } from './steadyReads.js';
import { type Bench, inTurns, type Line, percentile, rounded } from './table.js';

/** About a fifth of what one thread can answer. */
const READS_A_SECOND = 100;
/** Places of the list that reads begin at are out of the first so many contacts. */
const LISTED = 20_000;
const BATCH = 1_000;
const UNDISTURBED_MS = 10_000;
/** Before the clock starts: connections are there, and what reads use is compiled. */
const SETTLING_MS = 2_000;
const LOOK_MS = 10;
const ASK_MS = 500;

/** What a mutation is answered with that takes longer than a request may. */
const LATE = ['REQUEST_TIMEOUT', 'CONSISTENCY_TIMEOUT'];

/** When something began and ended: milliseconds since 1970. */
type Span = readonly [from: number, to: number];

interface Running {
  readonly url: string;
  readonly tenant: Tenant;
  readonly history: History;
  readonly reads: SteadyJob;
}

/** p99 of the reads that were under way at some time of what happens meanwhile; all spans are added to those given. */
const p99During = async ({ reads }: Running, what: () => Promise<Span>, spans: number[]): Promise<number> => {
  const ending = new AbortController();
  const reading = steadyReads(reads, ending.signal);
  await pause(SETTLING_MS);
  const [from, to] = await what();
  ending.abort();
  const within = (await reading).filter(({ at, ms }) => at + ms >= from && at <= to);
  spans.push((to - from) / 1_000);
  return percentile(
    within.map(({ ms }) => ms),
    99,
  );
};

const undisturbed = async (): Promise<Span> => {
  const from = now();
  await pause(UNDISTURBED_MS);
  return [from, now()];
};

/** The answer, or what the server says instead: a long mutation is answered before it is through. */
const ask = async <Data>({ url, tenant }: Running, query: string, variables: object): Promise<Data | null> => {
  const headers = { 'content-type': 'application/json', ...signedIn(tenant) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = (await response.json()) as {
    data: Data | null;
    errors?: { extensions: { code: string } }[];
  };
  if (errors !== undefined && !LATE.includes(errors[0]!.extensions.code)) throw new Error(JSON.stringify(errors));
  return data;
};

const REQUEST =
  'mutation ($ids: [ID!]!) { requestErasure(input: { contactIds: $ids, kind: ERASE }) { id standing carriedOut } }';
const LATEST = '{ erasures(first: 1) { nodes { standing people carriedOut } } }';

interface Latest {
  readonly erasures: { readonly nodes: readonly { standing: string; people: number; carriedOut: number }[] };
}

const until = async (running: Running, people: number, standings: readonly string[]): Promise<void> => {
  for (;;) {
    const [latest] = (await ask<Latest>(running, LATEST, {}))?.erasures.nodes ?? [];
    if (latest?.people === people && standings.includes(latest.standing)) return;
    await pause(ASK_MS);
  }
};

/** Erases the first so many of the list. Answers how long it took until all were gone from every key and read model. */
const eraseFirst = async (running: Running, people: number): Promise<Span> => {
  const list = await wholeList(running.url, LIST, running.tenant, people);
  const ids = list.slice(0, people).map(({ node }) => node.id);
  const from = now();
  const answered = await ask(running, REQUEST, { ids });
  if (answered === null) await until(running, people, ['CARRIED_OUT', 'CERTIFIED']);
  return [from, now()];
};

const readModelFiles = ({ history }: Running): number =>
  readdirSync(history.home.dataDir).filter((name) => /^read-models.*\.db$/.test(name)).length;

/** From when the new file is there until the old one is gone. */
const rewriting = async (running: Running): Promise<Span> => {
  await eraseFirst(running, 1);
  while (readModelFiles(running) === 1) await pause(LOOK_MS);
  const from = now();
  while (readModelFiles(running) > 1) await pause(LOOK_MS);
  return [from, now()];
};

/** Both sides in turns; what an erasure has left to be done is waited for, so that it does not disturb the other side. */
const compare = async (
  running: Running,
  rounds: number,
  measured: string,
  people: number,
  disturbed: () => Promise<Span>,
): Promise<Line> => {
  const spans: number[] = [];
  const { ours, against, ratio, all } = await inTurns(
    rounds,
    async () => {
      const p99 = await p99During(running, disturbed, spans);
      await until(running, people, ['CERTIFIED']);
      return p99;
    },
    () => p99During(running, undisturbed, []),
  );
  const ratios = all.ours.map((value, round) => value / all.against[round]!);
  return {
    measured,
    figures: { ours: `${rounded(ours)} ms`, against: `${rounded(against)} ms`, ratio },
    required: { atMost: 2 },
    note: `pages of ${PAGE} over HTTP, ${READS_A_SECOND} a second whatever becomes of those before, against the same undisturbed; it took ${spans.map(rounded).join(', ')} s, with ratios of ${ratios.map(rounded).join(', ')}`,
  };
};

/** What erasing does to others: the p99 of reads while the read store is rewritten, and while many are erased at once. */
export const eraseReadsBench: Bench = {
  name: 'eraseReads',
  async run({ scale, rounds, histories }) {
    const events = 1_000_000 * scale;
    const history = await histories.of(events);
    const { tenant } = history;
    const server = await startProduct(history.home);
    const { url } = server;
    const list = await wholeList(url, LIST, tenant, LISTED);
    const reads = { url, headers: signedIn(tenant), bodies: bodiesFor(LIST, list), expected: '"pageInfo"' };
    const running = { url, tenant, history, reads: { ...reads, perSecond: READS_A_SECOND } };
    const people = BATCH * scale;
    const size = events.toLocaleString('en');
    const lines = [
      await compare(running, rounds, `p99 of reads while the read store of ${size} events is rewritten`, 1, () =>
        rewriting(running),
      ),
      await compare(
        running,
        rounds,
        `p99 of reads while ${people.toLocaleString('en')} people are erased`,
        people,
        () => eraseFirst(running, people),
      ),
    ];
    await server.stop();
    return lines;
  },
};
