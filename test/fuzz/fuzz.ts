import { Agent, request as httpRequest } from 'node:http';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { defaultLimits } from '../../schema/limits.js';
import { type ErrorCode, errorTable } from '../../src/errors.js';
import { generatedQuery } from '../schema/generatedDocuments.js';
import type { TestServer } from '../support/server.js';
import { disturbed, hostileRequest, posted, type WireRequest } from './hostile.js';
import { type Random, randomFrom } from './random.js';
import type { Cast, FuzzRole } from './roles.js';
import { type KnownIds, leavesFrom } from './values.js';

export interface FuzzOptions {
  readonly server: TestServer;
  readonly cast: Cast;
  /** The API in the GraphQL language. */
  readonly sdl: string;
  readonly seed: number;
  readonly requests: number;
}

/** An answer that should not have been given. */
export interface Offence {
  readonly what: string;
  readonly role: string;
  readonly request: string;
  readonly answer: string;
}

export interface FuzzReport {
  readonly offences: readonly Offence[];
  readonly slowestMs: number;
  /** How many answers had data and no error, by role. */
  readonly answered: { readonly [role: string]: number };
  /** How many answers bore each code. */
  readonly codes: { readonly [code: string]: number };
}

/** Asked at once: more than the machine has processors, so that requests meet each other. */
const CONCURRENCY = 12;
const MAX_OFFENCES = 20;
/** Ids that answers have told are used for further requests; so many are remembered. */
const MAX_IDS = 500;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** What a stack trace, an engine's message or an error of the language looks like. */
const INNARDS =
  /\n\s+at |node_modules|\.[cm]?[jt]s:\d+|SQLITE_|SqliteError|\b(?:Type|Reference|Range|Assertion)Error\b/;

/** Sends generated requests as each of the roles, and collects what is wrong with the answers. A seed repeats the requests. */
export const fuzz = async ({ server, cast, sdl, seed, requests }: FuzzOptions): Promise<FuzzReport> => {
  const random = randomFrom(seed);
  const ids: KnownIds = { own: [], foreign: cast.foreignIds };
  const schema = buildSchema(sdl);
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const report = {
    offences: [] as Offence[],
    slowestMs: 0,
    answered: {} as Record<string, number>,
    codes: {} as Record<string, number>,
  };
  let left = requests;
  const ask = async () => {
    while (left > 0 && report.offences.length < MAX_OFFENCES) {
      left -= 1;
      const role = random.oneOf(cast.roles);
      const request = requestOf(schema, random, ids, role);
      const unseen = role.unseen();
      const answer = await sent(server.origin, agent, request);
      report.slowestMs = Math.max(report.slowestMs, answer.tookMs);
      const codes = codesIn(answer.text);
      for (const code of codes) report.codes[code] = (report.codes[code] ?? 0) + 1;
      if (codes.length === 0 && answer.text.startsWith('{"data"'))
        report.answered[role.name] = (report.answered[role.name] ?? 0) + 1;
      const what = offenceIn(answer, codes, unseen);
      if (what !== undefined)
        report.offences.push({ what, role: role.name, request: shown(request), answer: answer.text.slice(0, 500) });
      if (role.name !== 'anonymous') remember(ids.own, answer.text);
      if (codes.includes('UNAUTHENTICATED') || codes.includes('WORKSPACE_REQUIRED')) await role.renew();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask));
  agent.destroy();
  return report;
};

/** Six in ten are valid or nearly so, two have something amiss, two mean harm. */
const requestOf = (schema: GraphQLSchema, random: Random, ids: KnownIds, role: FuzzRole): WireRequest => {
  const kind = random.below(10);
  if (kind >= 8) {
    const hostile = hostileRequest(random);
    return { ...hostile, headers: { ...role.headers(), ...hostile.headers } };
  }
  const operation = random.chance(30) ? 'mutation' : random.chance(3) ? 'subscription' : 'query';
  const leaf = leavesFrom(random, ids);
  const wanted = { operation, leaf, complete: random.chance(80), levels: random.oneOf([2, 2, 3, 3, 4]) } as const;
  const { source, variables } = generatedQuery(schema, random.pick, wanted);
  const query = kind >= 6 ? disturbed(source, random) : source;
  return posted({ query, variables }, role.headers());
};

interface WireAnswer {
  readonly status: number;
  readonly text: string;
  readonly tookMs: number;
}

/** A connection that is cut, or a request that Node will not send, is no answer: status 0. */
const sent = (origin: string, agent: Agent, { method, path, headers, body }: WireRequest): Promise<WireAnswer> =>
  new Promise((resolve) => {
    const began = performance.now();
    const finish = (status: number, text: string) => resolve({ status, text, tookMs: performance.now() - began });
    try {
      const request = httpRequest(`${origin}/`, { agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => finish(response.statusCode!, Buffer.concat(chunks).toString('utf8')));
        response.on('error', () => finish(0, ''));
      });
      request.on('error', () => finish(0, ''));
      request.end(body);
    } catch {
      finish(0, '');
    }
  });

const codesIn = (text: string): string[] =>
  [...text.matchAll(/"extensions":\{"code":"(\w+)"/g)].map(([, code]) => code!);

/** What is wrong with an answer, or nothing. */
const offenceIn = ({ status, text, tookMs }: WireAnswer, codes: readonly string[], unseen: readonly string[]) => {
  if (status >= 500) return `status ${status}`;
  if (tookMs > defaultLimits.requestTimeoutMs) return `took ${Math.round(tookMs)} ms`;
  if (unseen.some((mark) => text.includes(mark))) return 'tells what only another workspace may see';
  if (INNARDS.test(text)) return 'shows innards';
  const unknown = codes.find((code) => !Object.hasOwn(errorTable, code));
  if (unknown !== undefined) return `has a code that is not in the table: ${unknown}`;
  const own = codes.find((code) => code !== 'CONSISTENCY_TIMEOUT' && errorTable[code as ErrorCode].status >= 500);
  return own === undefined ? undefined : `is a fault of ours: ${own}`;
};

const remember = (own: string[], text: string): void => {
  for (const [id] of text.slice(0, 4_000).matchAll(UUID)) own.push(id);
  if (own.length > MAX_IDS) own.splice(0, own.length - MAX_IDS);
};

const shown = ({ method, path, headers, body }: WireRequest): string => {
  const { authorization: _, ...rest } = headers;
  return `${method} ${path} ${JSON.stringify(rest)} ${String(body ?? '').slice(0, 2_000)}`;
};
