import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { answerJob, inProcess, type RunningProcess } from './processes.js';
import { rounded } from './table.js';

/*
 * The load generator: a process of its own, keep-alive connections with one request at a time on each. It writes HTTP/1.1
 * itself, because on two cores a costly client would be measured along with the server.
 */

export interface LoadJob {
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  /** JSON bodies, sent in turns. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly warmUpMs: number;
  /** Or until its end is asked for. */
  readonly durationMs: number;
  /** Whether a body has to be answered with the same bytes each time. */
  readonly sameAnswers: boolean;
}

export interface LoadReport {
  readonly requestsPerSecond: number;
  /** All that were answered, those of the warm-up too. */
  readonly requests: number;
  /** SHA-256 of the answer to each body, without white space around it; where `sameAnswers`. */
  readonly digests: readonly (string | null)[];
}

/** Error: where an answer is not 200, has errors, or differs from an earlier one to the same body. */
export const load = async (
  job: LoadJob,
  server: RunningProcess,
  ending?: AbortSignal,
): Promise<LoadReport & { cpuMs: number }> => {
  const before = server.cpuMs();
  const report = await inProcess<LoadJob, LoadReport>('bench/load.js', job, ending);
  return { ...report, cpuMs: server.cpuMs() - before };
};

/** So many requests, and what they use is compiled; the first ones cost a server several times as much. */
const COMPILED_AFTER = 5_000;
const WARM_UP_STEP_MS = 2_000;

/** Puts a server through a job without measuring it. */
export const warmUp = async (job: Omit<LoadJob, 'warmUpMs' | 'durationMs'>, server: RunningProcess): Promise<void> => {
  for (let requests = 0; requests < COMPILED_AFTER; ) {
    requests += (await load({ ...job, warmUpMs: 0, durationMs: WARM_UP_STEP_MS }, server)).requests;
  }
};

/**
 * What a request costs a server in time of a processor, garbage collection and all. Unlike requests a second it does not
 * change with what else the machine has to do.
 */
export class CpuPerRequest {
  readonly #spent = new Map<RunningProcess, { cpuMs: number; requests: number }>();

  add(server: RunningProcess, { cpuMs, requests }: LoadReport & { cpuMs: number }): void {
    const before = this.#spent.get(server) ?? { cpuMs: 0, requests: 0 };
    this.#spent.set(server, { cpuMs: before.cpuMs + cpuMs, requests: before.requests + requests });
  }

  inWords(ours: RunningProcess, against: RunningProcess): string {
    const [a, b] = [this.#ms(ours), this.#ms(against)];
    return `a request costs ${rounded(a)} ms of processor time against ${rounded(b)} ms, so by that ${rounded(b / a)} ×`;
  }

  #ms(server: RunningProcess): number {
    const { cpuMs, requests } = this.#spent.get(server)!;
    return cpuMs / requests;
  }
}

const NOTHING = Buffer.alloc(0);

class Load {
  readonly #requests: readonly Buffer[];
  readonly #answers: (Buffer | undefined)[] = [];
  #next = 0;
  answered = 0;

  constructor(private readonly job: LoadJob) {
    const { host, pathname } = new URL(job.url);
    const headers = Object.entries({ host, 'content-type': 'application/json', ...job.headers });
    const head = `POST ${pathname} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
    this.#requests = job.bodies.map((body) =>
      Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    );
  }

  drive(socket: Socket): void {
    let received: Buffer = NOTHING;
    let asked = this.#ask(socket);
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const body = bodyOf(received);
      if (body === undefined) return;
      this.#check(asked, received, body);
      this.answered += 1;
      received = NOTHING;
      asked = this.#ask(socket);
    });
  }

  get digests(): (string | null)[] {
    return this.job.bodies.map((_, index) => {
      const answer = this.#answers[index];
      return answer === undefined ? null : createHash('sha256').update(answer.toString().trim()).digest('hex');
    });
  }

  #ask(socket: Socket): number {
    const index = this.#next++ % this.#requests.length;
    socket.write(this.#requests[index]!);
    return index;
  }

  #check(index: number, received: Buffer, body: Buffer): void {
    const fine = received.toString('latin1', 9, 12) === '200' && body.toString('latin1', 0, 8) === '{"data":';
    if (!fine) throw new Error(`The server did not answer as expected: ${received.toString()}`);
    if (!this.job.sameAnswers) return;
    const before = this.#answers[index];
    if (before === undefined) this.#answers[index] = Buffer.from(body);
    else if (!before.equals(body)) throw new Error('The same request was answered with other bytes.');
  }
}

/** The body once all of it is there. Both servers send its length. */
const bodyOf = (received: Buffer): Buffer | undefined => {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1];
  if (length === undefined) throw new Error(`An answer without its length: ${received.toString()}`);
  const from = end + 4;
  return received.length < from + Number(length) ? undefined : received.subarray(from, from + Number(length));
};

const opened = (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
};

const run = async (job: LoadJob, ending: AbortSignal): Promise<LoadReport> => {
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => opened(job.url)));
  const running = new Load(job);
  for (const socket of sockets) running.drive(socket);
  await pause(job.warmUpMs);
  const before = running.answered;
  const began = performance.now();
  await pause(job.durationMs, undefined, { signal: ending }).catch(() => undefined);
  const seconds = (performance.now() - began) / 1000;
  const requestsPerSecond = (running.answered - before) / seconds;
  for (const socket of sockets) socket.destroy();
  const { answered: requests } = running;
  return { requestsPerSecond, requests, digests: job.sameAnswers ? running.digests : [] };
};

if (process.argv[1]?.endsWith('load.js') && process.send !== undefined) answerJob(run);
