import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillContacts, newHome, type Tenant } from './dataset.js';
import { CpuPerRequest, load, warmUp } from './load.js';
import type { PlainContact } from './plainApollo.js';
import { homeIn, type RunningProcess, startProduct, startServer } from './processes.js';
import { type Bench, inTurns, type Line, rounded, type Setting } from './table.js';

const CONTACTS = 10_000;
export const PAGE = 50;
const CONNECTIONS = 32;
/** Cursors from all over the list, one after the other. */
const CURSORS = 400;
export const WARM_UP_MS = 1_500;
export const DURATION_MS = 3_000;

const NODE = 'edges { cursor node { id displayName emails { value } company { id name } tags } }';
export const LIST = `query ($after: String) { contacts(first: ${PAGE}, after: $after) { ${NODE} pageInfo { hasNextPage endCursor } } }`;
const REACHABLE = `query ($after: String) { contacts(first: ${PAGE}, after: $after, filter: { mayContactFor: MARKETING }) {
  ${NODE} pageInfo { hasNextPage endCursor } totalCount } }`;

interface Answer {
  readonly data: {
    readonly contacts: {
      readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
    };
  };
}

export const signedIn = ({ token }: Tenant) => ({ authorization: `Bearer ${token}` });

/** The whole list, or so much of it, as the product answers it page by page. */
export const wholeList = async (url: string, query: string, tenant: Tenant, atLeast = Number.POSITIVE_INFINITY) => {
  const edges: Answer['data']['contacts']['edges'][number][] = [];
  for (let after: string | null = null; ; ) {
    const body: string = JSON.stringify({ query, variables: { after } });
    const headers = { 'content-type': 'application/json', ...signedIn(tenant) };
    const response = await fetch(url, { method: 'POST', headers, body });
    const { data } = (await response.json()) as Answer;
    edges.push(...data.contacts.edges);
    if (!data.contacts.pageInfo.hasNextPage || edges.length >= atLeast) return edges;
    after = data.contacts.pageInfo.endCursor;
  }
};

/** The same contacts for the plain server, in a file. */
const exportContacts = async (url: string, tenant: Tenant, file: string) => {
  const list = await wholeList(url, LIST, tenant);
  const reachable = await wholeList(url, REACHABLE, tenant);
  const ids = new Set(reachable.map(({ node }) => node.id));
  const contacts: PlainContact[] = list.map(({ cursor, node }) => ({ cursor, node, reachable: ids.has(node.id) }));
  writeFileSync(file, JSON.stringify(contacts));
  return { list, reachable };
};

/** Bodies with cursors from all over the list, each of which has a full page after it. */
export const bodiesFor = (query: string, list: readonly { readonly cursor: string }[]): string[] => {
  const step = (list.length - 2 * PAGE) / CURSORS;
  return Array.from({ length: CURSORS }, (_, number) =>
    JSON.stringify({ query, variables: { after: list[Math.floor(((number * 7) % CURSORS) * step)]!.cursor } }),
  );
};

interface Side {
  readonly server: RunningProcess;
  readonly headers: { readonly [name: string]: string };
}

/** What each body was answered with, by whichever side. Error: where two answers differ. */
class Answers {
  readonly #digests: (string | null)[] = [];

  constructor(private readonly measured: string) {}

  add(digests: readonly (string | null)[]): void {
    for (const [body, digest] of digests.entries()) {
      const before = this.#digests[body];
      if (digest === null) continue; // not asked for in that round
      if (before != null && before !== digest)
        throw new Error(`${this.measured}: the two sides answered different bytes.`);
      this.#digests[body] = digest;
    }
  }
}

const compare = async (
  measured: string,
  required: Pick<Line, 'required' | 'remarkable'>,
  bodies: readonly string[],
  [ours, plain]: readonly [Side, Side],
  rounds: number,
): Promise<Line> => {
  const answers = new Answers(measured);
  const cpu = new CpuPerRequest();
  const jobFor = ({ server, headers }: Side) => ({
    url: server.url,
    headers,
    bodies,
    connections: CONNECTIONS,
    sameAnswers: true,
  });
  for (const side of [ours, plain]) await warmUp(jobFor(side), side.server);
  const measure = async (side: Side): Promise<number> => {
    const { server } = side;
    const report = await load({ ...jobFor(side), warmUpMs: WARM_UP_MS, durationMs: DURATION_MS }, server);
    answers.add(report.digests);
    cpu.add(server, report);
    return report.requestsPerSecond;
  };
  const {
    ours: product,
    against,
    ratio,
  } = await inTurns(
    rounds,
    () => measure(ours),
    () => measure(plain),
  );
  return {
    measured,
    figures: { ours: `${rounded(product)} requests/s`, against: `${rounded(against)} requests/s`, ratio },
    ...required,
    note: `${CONNECTIONS} connections, ${CURSORS} cursors, the same bytes on both sides; ${cpu.inWords(ours.server, plain.server)}`,
  };
};

export const pageBench: Bench = {
  name: 'page',
  async run({ directory, scale, rounds }: Setting) {
    const own = join(directory, 'page');
    mkdirSync(own);
    const home = homeIn(own);
    const tenant = await newHome(home);
    await fillContacts(home, tenant, CONTACTS * scale);
    const product = await startProduct(home);
    const file = join(own, 'contacts.json');
    const { list, reachable } = await exportContacts(product.url, tenant, file);
    const plain = await startServer('bench/plainApollo.js', { CONTACTS_FILE: file });
    const sides = [
      { server: product, headers: signedIn(tenant) },
      { server: plain, headers: {} },
    ] as const;
    const what = `contacts(first: ${PAGE}) over HTTP, ${(CONTACTS * scale).toLocaleString('en')} contacts`;
    const bounds = { required: { atLeast: 1.3 }, remarkable: { atLeast: 2.5 } };
    const filteredBounds = { required: { atLeast: 1 }, remarkable: { atLeast: 2 } };
    const lines = [
      await compare(what, bounds, bodiesFor(LIST, list), sides, rounds),
      await compare(
        'the same with mayContactFor and totalCount',
        filteredBounds,
        bodiesFor(REACHABLE, reachable),
        sides,
        rounds,
      ),
    ];
    await product.stop();
    await plain.stop();
    return lines;
  },
};
