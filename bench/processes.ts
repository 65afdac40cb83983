import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An installation on disk. */
export interface Home {
  readonly dataDir: string;
  readonly masterKeyFile: string;
  readonly erasureLedgerDir: string;
}

export const homeIn = (directory: string): Home => ({
  dataDir: join(directory, 'data'),
  masterKeyFile: join(directory, 'master.key'),
  erasureLedgerDir: join(directory, 'master.ledger'),
});

const children = new Set<ChildProcess>();
/** No process outlives the bench, however it ends. */
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const tracked = <Child extends ChildProcess>(child: Child): Child => {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
};

/** A file of the build, by its path from the build's root. */
export const built = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export interface RunningProcess {
  readonly url: string;
  readonly readyAfterMs: number;
  /** Processor time it has used so far; NaN where there is no `/proc`. */
  cpuMs(): number;
  stop(): Promise<void>;
}

const environment = (more: Record<string, string>): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS ?? '',
  HOST: '127.0.0.1',
  PORT: '0',
  ...more,
});

/** Starts a server in a process of its own; resolves when it prints `ready URL`. */
export const startServer = (script: string, env: Record<string, string>): Promise<RunningProcess> => {
  const began = performance.now();
  const command = [built(script)];
  const child = tracked(
    spawn(process.execPath, command, { env: environment(env), stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const url = /^ready (\S+)$/m.exec(printed)?.[1];
      if (url !== undefined) resolve(running(child, url, performance.now() - began));
    });
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it was ready: ${printed}`)));
  });
};

/** What one account may cost a second: a bench is one account that asks as fast as it can. */
const NO_LIMIT = '1000000000';
/** A session is as old as the history, and may erase all the same. */
const FOR_AS_LONG_AS_IT_TAKES = '9999';

/** The product, as `npm start` runs it, with the same buckets but so large that none runs empty. */
export const startProduct = ({ dataDir, masterKeyFile }: Home): Promise<RunningProcess> =>
  startServer('src/app/main.js', {
    DATA_DIR: dataDir,
    MASTER_KEY_FILE: masterKeyFile,
    COST_PER_SECOND: NO_LIMIT,
    STEP_UP_MINUTES: FOR_AS_LONG_AS_IT_TAKES,
  });

/** Clock ticks of Linux are a hundredth of a second (proc_pid_stat(5), fields 14 and 15). */
const MS_A_TICK = 10;

const running = (child: ChildProcess, url: string, readyAfterMs: number): RunningProcess => ({
  url,
  readyAfterMs,
  cpuMs: () => {
    const file = `/proc/${child.pid}/stat`;
    if (!existsSync(file)) return Number.NaN;
    const fields = readFileSync(file, 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK;
  },
  stop: () => stopped(child),
});

const stopped = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });

/** Runs a script to its end. Answers how long it took. */
export const timeProcess = (script: string, args: readonly string[], env: Record<string, string>): Promise<number> => {
  const began = performance.now();
  const child = tracked(spawn(process.execPath, [built(script), ...args], { env: environment(env) }));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === 0) resolve((performance.now() - began) / 1000);
      else reject(new Error(`${script} ended with ${code}: ${printed}`));
    });
  });
};

/** Gives a job to a process of its own, which answers with one message (`answerJob`), and is told where the signal asks for its end. */
export const inProcess = <Job extends object, Answer>(
  script: string,
  job: Job,
  ending?: AbortSignal,
): Promise<Answer> => {
  const options = { env: environment({}), stdio: ['ignore', 2, 2, 'ipc'] } satisfies Parameters<typeof fork>[2];
  const child = tracked(fork(built(script), options));
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as Answer));
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} and no answer.`)));
    child.send(job);
    ending?.addEventListener('abort', () => child.connected && child.send('end'), { once: true });
  });
};

/** The other end of `inProcess`. */
export const answerJob = <Job, Answer>(work: (job: Job, ending: AbortSignal) => Promise<Answer>): void => {
  process.once('message', async (job) => {
    const ending = new AbortController();
    process.once('message', () => ending.abort());
    const answer = await work(job as Job, ending.signal);
    process.send!(answer, () => process.disconnect());
  });
};
