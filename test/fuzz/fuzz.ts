import { Agent, request as httpRequest } from 'node:http';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { generatedQuery } from '../schema/generatedDocuments.js';
import type { TestServer } from '../support/server.js';
import { disturbed, hostileRequest, posted, type WireRequest } from './hostile.js';
import { codesIn, type Offence, offenceIn, type WireAnswer } from './offences.js';
import { type Random, randomFrom } from './random.js';
import type { Cast, FuzzRole } from './roles.js';
import { Talks } from './sockets.js';
import { type KnownIds, leavesFrom } from './values.js';

export interface FuzzOptions {
  readonly server: TestServer;
  readonly cast: Cast;
  /** The API in the GraphQL language. */
  readonly sdl: string;
  readonly seed: number;
  readonly requests: number;
}

export interface FuzzReport {
  readonly offences: readonly Offence[];
  readonly slowestMs: number;
  /** How many answers had data and no error, by role. */
  readonly answered: { readonly [role: string]: number };
  /** How many answers bore each code. */
  readonly codes: { readonly [code: string]: number };
  /** Conversations over WebSocket: how many were let in, and how many heard of something that happened. */
  readonly talks: { readonly acknowledged: number; readonly told: number };
}

/** Asked at once: more than the machine has processors, so that requests meet each other. */
const CONCURRENCY = 12;
const MAX_OFFENCES = 20;
/** Ids that answers have told are used for further requests; so many are remembered. */
const MAX_IDS = 500;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** One in so many requests is a conversation over WebSocket. */
const A_TALK_IN = 50;

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
    talks: { acknowledged: 0, told: 0 },
  };
  const count = (codes: readonly string[]) => {
    for (const code of codes) report.codes[code] = (report.codes[code] ?? 0) + 1;
  };
  const talks = new Talks(server.origin, schema, random, ids);
  const talk = (role: FuzzRole) =>
    talks.begin(role, ({ heard, what, sent: frames, acknowledged }) => {
      count(codesIn(heard));
      if (acknowledged) report.talks.acknowledged += 1;
      if (heard.includes('"type":"next"')) report.talks.told += 1;
      const request = `WebSocket ${frames.join(' ').slice(0, 2_000)}`;
      if (what !== undefined) report.offences.push({ what, role: role.name, request, answer: heard.slice(0, 500) });
    });
  let left = requests;
  const ask = async () => {
    while (left > 0 && report.offences.length < MAX_OFFENCES) {
      left -= 1;
      const role = random.oneOf(cast.roles);
      if (left % A_TALK_IN === 0) {
        await talk(role);
        continue;
      }
      const request = requestOf(schema, random, ids, role);
      const unseen = role.unseen();
      const answer = await sent(server.origin, agent, request);
      report.slowestMs = Math.max(report.slowestMs, answer.tookMs);
      const codes = codesIn(answer.text);
      count(codes);
      if (codes.length === 0 && answer.text.startsWith('{"data"'))
        report.answered[role.name] = (report.answered[role.name] ?? 0) + 1;
      const what = offenceIn(answer, unseen);
      if (what !== undefined)
        report.offences.push({ what, role: role.name, request: shown(request), answer: answer.text.slice(0, 500) });
      if (role.name !== 'anonymous') remember(ids.own, answer.text);
      await role.answered(codes);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask));
  await talks.end();
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

const remember = (own: string[], text: string): void => {
  for (const [id] of text.slice(0, 4_000).matchAll(UUID)) own.push(id);
  if (own.length > MAX_IDS) own.splice(0, own.length - MAX_IDS);
};

const shown = ({ method, path, headers, body }: WireRequest): string => {
  const { authorization: _, ...rest } = headers;
  return `${method} ${path} ${JSON.stringify(rest)} ${String(body ?? '').slice(0, 2_000)}`;
};
