import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type FuzzReport, fuzz } from './fuzz.js';
import { randomFrom } from './random.js';
import { type Cast, rolesOf } from './roles.js';

/** `npm run fuzz -- --requests N --seed S` sets these; there the seed is another each time. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 50_000);
/** One that has found something: the same for every change, so that what fails it is the change. */
const SEED = Number(process.env.FUZZ_SEED ?? 1_681_907_860);
/** Generous: the machine may have other things to do. */
const TIMEOUT_MS = 120_000 + REQUESTS * 40;

const sdl = readFileSync(fileURLToPath(new URL('../../schema/schema.graphql', import.meta.url)), 'utf8');
const directory = temporaryDirectory();
let server: TestServer;
let cast: Cast;
let report: FuzzReport;
/** What those who belong there were shown before anything was changed. */
let shown: { readonly foreign: string; readonly firm: string };

const contactsFor = async (caller: Cast['foreign']['caller']): Promise<string> =>
  JSON.stringify(await server.ask('{ contacts { nodes { displayName notes } } }', {}, caller));

beforeAll(async () => {
  process.stdout.write(`fuzz: ${REQUESTS} requests with seed ${SEED}\n`);
  server = await startServer(directory.path(), { COST_PER_SECOND: '1000000000', LOG_LEVEL: 'error' });
  cast = await rolesOf({ server, directory: directory.path() });
  shown = {
    foreign: await contactsFor(cast.foreign.caller),
    firm: await contactsFor(cast.firm.owner.caller),
  };
  report = await fuzz({ server, cast, sdl, seed: SEED, requests: REQUESTS });
}, TIMEOUT_MS);
afterAll(() => server.stop());

test('[P5.5] no request, valid, nearly valid or hostile, gets a 5xx, a stack trace, what is another workspace’s, or an answer too late', () => {
  const lines = report.offences.map(({ what, role, request, answer }) => `${role}: ${what}\n  ${request}\n  ${answer}`);
  expect([`seed ${SEED}`, ...lines]).toEqual([`seed ${SEED}`]);
});

test('the server is there afterwards, and has logged no fault of its own', async () => {
  expect((await fetch(`${server.origin}/health/ready`)).status).toBe(200);
  expect(server.output()).not.toMatch(/A request failed for a reason of our own|unhandled-rejection/);
});

test('the requests were worth sending: the owner got answers, others were refused, and most limits were met', () => {
  const many = REQUESTS / 100;
  expect(report.answered.owner).toBeGreaterThan(many);
  const outsiders = ['anonymous', 'intruder', 'forger'];
  const insiders = cast.roles.map(({ name }) => name).filter((name) => !outsiders.includes(name));
  expect(Object.keys(report.answered)).toEqual(expect.arrayContaining(insiders));
  expect(report.talks.acknowledged).toBeGreaterThan(0);
  expect(report.codes).toMatchObject({
    UNAUTHENTICATED: expect.any(Number),
    FORBIDDEN: expect.any(Number),
    NOT_FOUND: expect.any(Number),
    BAD_USER_INPUT: expect.any(Number),
    GRAPHQL_PARSE_FAILED: expect.any(Number),
    GRAPHQL_VALIDATION_FAILED: expect.any(Number),
    QUERY_TOO_COSTLY: expect.any(Number),
    QUERY_TOO_DEEP: expect.any(Number),
    QUERY_TOO_LONG: expect.any(Number),
    TOO_MANY_ALIASES: expect.any(Number),
    TOO_MANY_DIRECTIVES: expect.any(Number),
    BODY_TOO_LARGE: expect.any(Number),
  });
});

test('a leak would have been noticed: whoever belongs there does see the mark', () => {
  expect(shown.foreign).toContain(cast.foreign.mark);
  for (const { mark, noted } of [cast.firm.assigned, cast.firm.other]) {
    expect(shown.firm).toContain(mark);
    expect(shown.firm).toContain(noted);
  }
});

test('a seed repeats the numbers', () => {
  const drawn = (seed: number) => Array.from({ length: 5 }, randomFrom(seed).below.bind(null, 1_000));
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
});
