import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openSqliteEventStore } from '../../src/eventstore/sqlite.js';
import { START, type StoredEvent } from '../../src/kernel/envelope.js';

const KILLS = 15;
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const fileKey = Buffer.alloc(32, 7);
const child = join(import.meta.dirname, 'appendingChild.mjs');

/** Mulberry32: small, and the same for the same seed. */
const randomFrom = (state: number) => (): number => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

interface Acknowledged {
  readonly stream: string;
  readonly revision: number;
  readonly position: string;
  readonly id: string;
}

/** Runs the appending process until it has acknowledged so many appends, kills it, and answers with all it acknowledged. */
const killedAfter = async (file: string, run: number, count: number): Promise<Acknowledged[]> => {
  const appending = spawn(process.execPath, [child, file, String(run)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  appending.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const exited = once(appending, 'exit');
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: appending.stdout })) {
    // The kill may have cut the last line short; what it would have said was not acknowledged to us.
    if (line.endsWith('}')) acknowledged.push(JSON.parse(line) as Acknowledged);
    if (acknowledged.length === count) appending.kill('SIGKILL');
  }
  const [, signal] = await exited;
  expect({ signal, complaints }).toEqual({ signal: 'SIGKILL', complaints: '' });
  return acknowledged;
};

const everything = async (file: string): Promise<StoredEvent[]> => {
  const store = openSqliteEventStore({ file, fileKey });
  const events: StoredEvent[] = [];
  for (let after = START; ; after = events.at(-1)!.position) {
    const page = await store.readAll({ after, limit: 1_000 });
    if (page.events.length === 0) break;
    events.push(...page.events);
  }
  await store.close();
  return events;
};

/** Streams whose revisions have a gap, or in which an append is there in part. */
const halves = (events: readonly StoredEvent[]): string[] => {
  const broken: string[] = [];
  for (const stream of new Set(events.map((event) => event.stream))) {
    let next = 0;
    let of = 0;
    for (const [revision, event] of events.filter((each) => each.stream === stream).entries()) {
      if (next === of) [next, of] = [0, event.open.of as number];
      if (event.revision !== revision || event.open.index !== next || event.open.of !== of) broken.push(stream);
      next += 1;
    }
    if (next !== of) broken.push(stream);
  }
  return broken;
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crm-kill-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test(`kill -9 at ${KILLS} random moments loses no acknowledged event and leaves no half of an append (SEED=${seed})`, async () => {
  const file = join(directory, 'events.db');
  const random = randomFrom(seed);
  const acknowledged: Acknowledged[] = [];
  for (let run = 0; run < KILLS; run++) {
    acknowledged.push(...(await killedAfter(file, run, 1 + Math.floor(random() * 150))));
    const events = await everything(file);
    const byPosition = new Map(events.map((event) => [event.position, event]));
    const lost = acknowledged.filter(({ stream, revision, position, id }) => {
      const event = byPosition.get(position);
      return event?.stream !== stream || event.revision !== revision || event.id !== id;
    });
    expect(lost).toEqual([]);
    expect(halves(events)).toEqual([]);
  }
}, 120_000);
