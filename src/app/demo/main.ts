import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../config.js';
import { serve } from '../serve.js';
import { demoEnvironment } from './environment.js';
import { tellStory } from './story.js';

/** `npm run demo`: a server on a directory that is thrown away, with sample data and a story to follow. */
const main = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-demo-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const server = await serve(readConfig(demoEnvironment(process.env, directory)));
  const stop = async () => {
    await server.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const password = randomBytes(9).toString('base64url');
  await tellStory(server.url, password, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`ready ${server.url}\n`);
};

main().catch((error: unknown) => {
  process.stderr.write(`The demo did not start. ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
