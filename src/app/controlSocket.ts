import { chmodSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { join } from 'node:path';
import { CrmError, type ErrorCode, errorTable, isCrmError } from '../errors.js';

/** What may be asked of a running server by whoever may enter its data directory: a name, and what it does. */
export type Controls = { readonly [name: string]: () => Promise<unknown> };

const socketIn = (dataDir: string): string => join(dataDir, 'control.sock');

/**
 * Answers the command line of the same user while the server runs, on a socket in the data directory, which only its owner
 * may enter. Nothing of it is on the network. Where the system has no such sockets, or the path is too long for one, there
 * is none, and the command line says that the server has to be stopped.
 */
export const serveControls = async (dataDir: string, controls: Controls): Promise<{ close(): Promise<void> }> => {
  const path = socketIn(dataDir);
  rmSync(path, { force: true }); // a killed server leaves it; the lock says that nobody is behind it
  const server = createServer((incoming, reply) => {
    incoming.resume();
    const control = controls[incoming.url?.slice(1) ?? ''];
    if (incoming.method !== 'POST' || control === undefined) return void reply.writeHead(404).end();
    control().then(
      (answer) => reply.end(JSON.stringify(answer)),
      (error: unknown) => reply.writeHead(500).end(JSON.stringify(failureOf(error))),
    );
  });
  if (!(await listening(server, path))) return { close: async () => undefined };
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

interface Failure {
  readonly code: ErrorCode;
  readonly reason?: string;
}

const failureOf = (error: unknown): Failure =>
  isCrmError(error) ? { code: error.code, reason: error.details.reason } : { code: 'INTERNAL' };

/** What the server said, if it was one of ours. */
const refusalIn = (text: string): CrmError => {
  try {
    const { code, reason } = JSON.parse(text) as Failure;
    if (Object.hasOwn(errorTable, code)) return new CrmError(code, { reason });
  } catch {
    // Cut short: the server has ended.
  }
  return new CrmError('STORE_FAILED', { reason: 'The running server could not answer.' });
};

const listening = (server: Server, path: string): Promise<boolean> =>
  new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(path, () => resolve(true));
  });

/**
 * Asks the running server; `undefined` where none runs on this directory. Errors: what the server answers with; STORE_FAILED
 * where it ended before it could.
 */
export const askRunning = <Answer>(dataDir: string, name: string): Promise<Answer | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath: socketIn(dataDir), path: `/${name}`, method: 'POST' }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text) as Answer);
        else reject(refusalIn(text));
      });
      answer.on('error', () => reject(refusalIn('')));
    });
    asked.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNRESET') reject(refusalIn(''));
      else resolve(undefined);
    });
    asked.end();
  });
