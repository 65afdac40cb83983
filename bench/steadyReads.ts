import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type LatencyJob, timed } from './latencies.js';
import { answerJob, inProcess } from './processes.js';

export interface SteadyJob extends Pick<LatencyJob, 'url' | 'headers' | 'bodies' | 'expected'> {
  readonly perSecond: number;
}

/** Both in milliseconds; the first since 1970. */
export interface Read {
  readonly at: number;
  readonly ms: number;
}

export const now = (): number => performance.timeOrigin + performance.now();

/**
 * Reads at a fixed rate until the end is asked for, whether or not those before are answered: a server that stands still
 * keeps all waiting that come meanwhile, not only the few that are under way. In a process of its own.
 */
export const steadyReads = (job: SteadyJob, ending: AbortSignal): Promise<readonly Read[]> =>
  inProcess<SteadyJob, readonly Read[]>('bench/steadyReads.js', job, ending);

const run = async (job: SteadyJob, ending: AbortSignal): Promise<readonly Read[]> => {
  const agent = new Agent({ keepAlive: true });
  const read = async (body: string): Promise<Read> => ({ at: now(), ms: await timed(agent, job, body) });
  const reads: Promise<Read>[] = [];
  const began = performance.now();
  for (let number = 0; !ending.aborted; number++) {
    const due = began + (number * 1_000) / job.perSecond;
    await pause(Math.max(0, due - performance.now()));
    reads.push(read(job.bodies[number % job.bodies.length]!));
  }
  const all = await Promise.all(reads);
  agent.destroy();
  return all;
};

if (process.argv[1]?.endsWith('steadyReads.js') && process.send !== undefined) answerJob(run);
