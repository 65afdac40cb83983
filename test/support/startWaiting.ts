import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { dist, environmentFor } from './server.js';

/** Starts the server where it cannot get ready, and resolves to where it listens once it says that it waits. */
export const startWaiting = async (directory: string, env: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, [join(dist, 'src/app/main.js')], { env: environmentFor(directory, env) });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const origin = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const url = /^waiting (\S+)\/graphql for/m.exec(output)?.[1];
      if (url) resolve(url);
    });
    child.once('exit', () => reject(new Error(output)));
  });
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  return { origin, output: () => output, stop };
};
