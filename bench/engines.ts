import { randomBytes } from 'node:crypto';
import {
  NO_STREAM as ENGINE_NO_STREAM,
  START as ENGINE_START,
  eventTypeFilter,
  FORWARDS,
  KurrentDBClient,
} from '@kurrent/kurrentdb-client';
import { openKurrentEventStore } from '../src/eventstore/kurrentdb.js';
import { toEngine } from '../src/eventstore/kurrentdbEncoding.js';
import { parseKurrentUrl } from '../src/eventstore/kurrentdbUrl.js';
import { type EventToAppend, START } from '../src/kernel/envelope.js';
import { pooledRandomBytes } from '../src/kernel/ids.js';
import { APPENDERS, revisionOf, sampleEvent, streamOf } from './append.js';
import { type Bench, type Bound, inTurns, type Line, rounded, type Setting } from './table.js';

const EVENTS = 32_000;
const PAGE = 1_000;
const DEADLINE_MS = 10_000;

const APPENDS: Line = {
  measured: `appends through the KurrentDB adapter, ${APPENDERS} in flight`,
  figures: null,
  required: { atLeast: 0.8 },
};
const READS: Line = {
  measured: 'reading the whole history through the KurrentDB adapter, as a rebuild does',
  figures: null,
  required: { atLeast: 0.8 },
};

const unwritten = (measured: string, required: Bound): Line => ({
  ...{ measured, figures: null, required },
  note: 'nothing measures this yet, whether there is an engine or not',
});

const UNWRITTEN: readonly Line[] = [
  unwritten('createContact, p50, against that of a bare append to KurrentDB', { atMost: 2 }),
  unwritten('the 50-contact page on MongoDB against the embedded one', { atLeast: 0.7 }),
  unwritten('two servers on one set of engines against one', { atLeast: 1.5 }),
];

/** As the tests' variables, which stand in where these are not set. */
const kurrentUrl = (): string | undefined => process.env.BENCH_KURRENTDB_URL || process.env.TEST_KURRENTDB_URL;

/** Part of the URL of a namespace that nobody has used. */
const fresh = (url: string): string =>
  `${url}${url.includes('?') ? '&' : '?'}namespace=crmbench${randomBytes(6).toString('hex')}`;

/** Appends each event after the one before it in its stream. Answers events a second. */
const appendAll = async (count: number, append: (number: number) => Promise<unknown>): Promise<number> => {
  const appender = async (first: number) => {
    for (let at = first; at < count; at += APPENDERS) await append(at);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: APPENDERS }, (_, first) => appender(first)));
  return (count / (performance.now() - began)) * 1_000;
};

const throughAdapter = async (url: string, events: readonly EventToAppend[]): Promise<number> => {
  const store = await openKurrentEventStore({ url });
  try {
    return await appendAll(events.length, (at) =>
      store.append(streamOf(at), [events[at]!], at < APPENDERS ? 'no-stream' : revisionOf(at) - 1),
    );
  } finally {
    await store.close();
  }
};

/** The same events, made ready before the clock starts. */
const throughClient = async (url: string, events: readonly EventToAppend[]): Promise<number> => {
  const { connectionString, prefix } = parseKurrentUrl(url);
  const client = KurrentDBClient.connectionString(connectionString);
  const naming = { prefix };
  const ready = events.map((event, at) => toEngine([event], streamOf(at), revisionOf(at), naming));
  try {
    return await appendAll(events.length, (at) =>
      client.appendToStream(prefix + streamOf(at), ready[at]!, {
        streamState: at < APPENDERS ? ENGINE_NO_STREAM : BigInt(revisionOf(at) - 1),
        deadline: DEADLINE_MS,
        requiresLeader: true,
      }),
    );
  } finally {
    await client.dispose();
  }
};

const readThroughAdapter = async (url: string): Promise<number> => {
  const store = await openKurrentEventStore({ url });
  try {
    const began = performance.now();
    let count = 0;
    for (let after = START; ; ) {
      const page = await store.readAll({ after, limit: PAGE });
      if (page.events.length === 0) break;
      count += page.events.length;
      after = page.position;
    }
    return (count / (performance.now() - began)) * 1_000;
  } finally {
    await store.close();
  }
};

const readThroughClient = async (url: string): Promise<number> => {
  const { connectionString, prefix } = parseKurrentUrl(url);
  const client = KurrentDBClient.connectionString(connectionString);
  try {
    const began = performance.now();
    let count = 0;
    const filter = eventTypeFilter({ prefixes: [prefix] });
    const options = { direction: FORWARDS, fromPosition: ENGINE_START, maxCount: EVENTS, filter } as const;
    for await (const { event } of client.readAll(options)) if (event !== undefined) count += 1;
    return (count / (performance.now() - began)) * 1_000;
  } finally {
    await client.dispose();
  }
};

const measure = async (url: string, { scale, rounds }: Setting): Promise<readonly Line[]> => {
  const subjectKey = pooledRandomBytes(32);
  const events = Array.from({ length: EVENTS * scale }, (_, number) => sampleEvent(number, subjectKey));
  const filled = fresh(url);
  const appends = await inTurns(
    rounds,
    (round) => throughAdapter(round === 0 ? filled : fresh(url), events),
    () => throughClient(fresh(url), events),
  );
  const reads = await inTurns(
    rounds,
    () => readThroughAdapter(filled),
    () => readThroughClient(filled),
  );
  const figuresOf = ({ ours, against, ratio }: typeof appends) => ({
    ...{ ours: `${rounded(ours)} events/s`, against: `${rounded(against)} events/s`, ratio },
  });
  return [
    { ...APPENDS, figures: figuresOf(appends), note: 'against the bare client, which has its events ready made' },
    {
      ...READS,
      figures: figuresOf(reads),
      note: `ours in pages of ${PAGE}, as events; the bare client in one reading, as bytes`,
    },
  ];
};

/** `npm run bench -- --engines`: on real servers only. */
export const enginesBench: Bench = {
  name: 'engines',
  async run(setting) {
    const url = kurrentUrl();
    const note = 'neither BENCH_KURRENTDB_URL nor TEST_KURRENTDB_URL says where a server is';
    const lines = url ? await measure(url, setting) : [APPENDS, READS].map((line) => ({ ...line, note }));
    return [...lines, ...UNWRITTEN];
  },
};
