import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { storesFor } from './engines.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What is run: the built product, or a copy of it in which something was changed to see that a test notices. */
export const dist = process.env.CRM_DIST ?? join(root, 'dist');

export interface Caller {
  readonly token?: string;
  readonly workspace?: string;
  readonly purpose?: string;
}

/** An answer of the API; `data` is of whatever shape was asked for. */
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: as many shapes as there are queries
  readonly data?: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: unknown;
    readonly extensions: Record<string, unknown> & { code: string };
  }[];
}

export interface TestServer {
  readonly url: string;
  readonly origin: string;
  readonly pid: number;
  /** What the process has printed so far. */
  output(): string;
  ask(query: string, variables?: object, caller?: Caller): Promise<Answer>;
  /** Resolves to the exit code once the process is gone, however that came. */
  readonly exited: Promise<number | null>;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<void>;
}

/** Environment of a process of the product on a directory of its own. */
export const environmentFor = (directory: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: '',
  DATA_DIR: join(directory, 'data'),
  MASTER_KEY_FILE: join(directory, 'master.key'),
  HOST: '127.0.0.1',
  PORT: '0',
  // A test file asks more in a minute than a front end does; rates have tests of their own.
  COST_PER_SECOND: '1000000000',
  ...storesFor(directory),
  ...more,
});

/** Starts the built server (`dist`) as `npm start` does, and resolves when it says it is ready. */
export const startServer = async (
  directory: string,
  env: NodeJS.ProcessEnv = {},
  nodeOptions: readonly string[] = [],
): Promise<TestServer> => {
  const args = [...nodeOptions, join(env.CRM_DIST ?? dist, 'src/app/main.js')];
  const child = spawn(process.execPath, args, { env: environmentFor(directory, env) });
  const printed = collect(child);
  const url = await readyUrl(child, printed);
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return {
    url,
    origin: new URL(url).origin,
    pid: child.pid!,
    output: printed,
    exited,
    ask: (query, variables, caller) => ask(url, query, variables, caller),
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
};

const collect = (child: ChildProcess): (() => string) => {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      output += text;
    });
  }
  return () => output;
};

const readyUrl = (child: ChildProcess, output: () => string): Promise<string> =>
  new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      const url = /^ready (\S+)$/m.exec(output())?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`The server ended before it was ready: ${output()}`)));
  });

export const ask = async (url: string, query: string, variables: object = {}, caller: Caller = {}): Promise<Answer> => {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (caller.token) headers.authorization = `Bearer ${caller.token}`;
  if (caller.workspace) headers['x-workspace'] = caller.workspace;
  if (caller.purpose) headers['x-purpose'] = caller.purpose;
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  return (await response.json()) as Answer;
};

/** Runs the built command line; resolves to what it printed and its exit code. */
export const runCli = (
  directory: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ output: string; code: number | null }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [join(env.CRM_DIST ?? dist, 'src/app/cli.js'), ...args], {
      env: environmentFor(directory, env),
    });
    const printed = collect(child);
    child.once('close', (code) => resolve({ output: printed(), code }));
  });

export interface SignedUp extends Caller {
  readonly token: string;
  readonly account: string;
  readonly workspaceId: string;
}

/** Somebody new, with a workspace of their own. */
export const signUp = async (server: Pick<TestServer, 'ask'>, name: string): Promise<SignedUp> => {
  const input = {
    name,
    email: `${name.toLowerCase()}@example.com`,
    password: 'correct horse battery',
    workspaceName: `${name} BPO`,
    acceptedPolicyVersion: '1',
    confirmsAdult: true,
  };
  const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token account { id } workspace { id } } }';
  const { data, errors } = await server.ask(query, { input });
  if (errors) throw new Error(JSON.stringify(errors));
  const { token, account, workspace } = data.signUp;
  return { token, account: account.id, workspaceId: workspace.id };
};

/** A caller who expects no errors: answers with the data alone. */
export const asking =
  (server: Pick<TestServer, 'ask'>, caller: Caller = {}) =>
  // biome-ignore lint/suspicious/noExplicitAny: as many shapes as there are queries
  async (query: string, variables: object = {}): Promise<any> => {
    const { data, errors } = await server.ask(query, variables, caller);
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };

/** A caller who expects to be refused: answers with the error's extensions. */
export const refusedBy =
  (server: Pick<TestServer, 'ask'>, caller: Caller = {}) =>
  async (query: string, variables: object = {}): Promise<Record<string, unknown> & { code: string }> => {
    const { errors } = await server.ask(query, variables, caller);
    if (!errors) throw new Error('The server did not refuse.');
    return errors[0]!.extensions;
  };
