import { Agent, request } from 'node:http';
import { answerJob, inProcess } from './processes.js';

export interface LatencyJob {
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  /** JSON bodies, sent in turns. */
  readonly bodies: readonly string[];
  /** Each with one request at a time. */
  readonly connections: number;
  /** Answered, but not in the report. */
  readonly warmUps: number;
  /** What is reached first ends it. */
  readonly requests: number;
  readonly durationMs: number;
  /** What every answer has to have in it. */
  readonly expected: string;
}

/** Milliseconds from a request to the end of its answer, with which body it had. In a process of its own. Error: where an answer is not as expected. */
export const latencies = (job: LatencyJob): Promise<readonly Latency[]> =>
  inProcess<LatencyJob, readonly Latency[]>('bench/latencies.js', job);

export interface Latency {
  readonly body: number;
  readonly ms: number;
}

/** Milliseconds from a request to the end of its answer. Error: where that is not as expected. */
export const timed = (
  agent: Agent,
  { url, headers, expected }: Pick<LatencyJob, 'url' | 'headers' | 'expected'>,
  body: string,
): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const length = `${Buffer.byteLength(body)}`;
    const all = { 'content-type': 'application/json', 'content-length': length, ...headers };
    const asked = request(url, { agent, method: 'POST', headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const ms = performance.now() - began;
        const text = Buffer.concat(chunks).toString();
        if (text.includes(expected)) resolve(ms);
        else reject(new Error(`The server did not answer as expected: ${text}`));
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });

const run = async (job: LatencyJob): Promise<readonly Latency[]> => {
  const agent = new Agent({ keepAlive: true, maxSockets: job.connections });
  const measured: Latency[] = [];
  let next = 0;
  const ends = performance.now() + job.durationMs;
  const ask = async () => {
    while (next < job.warmUps + job.requests && performance.now() < ends) {
      const number = next++;
      const body = number % job.bodies.length;
      const ms = await timed(agent, job, job.bodies[body]!);
      if (number >= job.warmUps) measured.push({ body, ms });
    }
  };
  await Promise.all(Array.from({ length: job.connections }, ask));
  agent.destroy();
  return measured;
};

if (process.argv[1]?.endsWith('latencies.js') && process.send !== undefined) answerJob(run);
