import 'reflect-metadata';
import { isCrmError } from '../errors.js';
import { readConfig } from './config.js';
import { serve } from './serve.js';
import { inWords, masterKeyMessage } from './terminal.js';

/** `npm start`: serves until SIGTERM or SIGINT, then finishes what it has accepted. */
const main = async (): Promise<void> => {
  const config = readConfig(process.env);
  const server = await serve(config, () => process.stdout.write(masterKeyMessage(config)));
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await server.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const waiting = server.waitingFor();
  if (waiting) process.stdout.write(`waiting ${server.url} for ${waiting.field}: ${waiting.code}\n`);
  await server.opened();
  if (!stopping) process.stdout.write(`ready ${server.url}\n`);
};

main().catch((error: unknown) => {
  const said = isCrmError(error) ? inWords(error) : error instanceof Error ? error.message : String(error);
  process.stderr.write(`The server did not start. ${said}\n`);
  process.exit(1);
});
