import 'reflect-metadata';
import { isCrmError } from '../errors.js';
import { readConfig } from './config.js';
import { serve } from './serve.js';

/** `npm start`: serves until SIGTERM or SIGINT, then finishes what it has accepted. */
const main = async (): Promise<void> => {
  const config = readConfig(process.env);
  const server = await serve(config);
  if (server.masterKeyCreated) {
    process.stdout.write(
      `A master key was made: ${config.masterKeyFile}\nKeep a copy of it apart from the data: without it nothing in ${config.dataDir} can be read.\n`,
    );
  }
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await server.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`ready ${server.url}\n`);
};

main().catch((error: unknown) => {
  const said = isCrmError(error)
    ? `${error.code}: ${error.message}`
    : error instanceof Error
      ? error.message
      : String(error);
  process.stderr.write(`The server did not start. ${said}\n`);
  process.exit(1);
});
