import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Document } from 'mongodb';
import { readConfig } from '../../src/app/config.js';
import { openInstallation } from '../../src/app/openInstallation.js';
import { freshName } from '../support/engines.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';
import { environmentFor } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

/** Events and read models in files, vault and state on a double of MongoDB. */
const home = temporaryDirectory();
let double: MongoDouble;
let database: string;
let directory: string;
beforeAll(async () => {
  double = await startMongoDouble();
});
afterAll(() => double.close());
beforeEach(() => {
  database = freshName();
  directory = join(home.path(), database);
});

const open = (more: NodeJS.ProcessEnv = {}) => {
  const url = `${double.url}/${database}`;
  const stores = { EVENT_STORE_URL: undefined, READ_STORE_URL: undefined, STATE_STORE_URL: url, VAULT_URL: url };
  return openInstallation(readConfig(environmentFor(directory, { ...stores, ...more })));
};

/** SQLite removes the log of a file when the last that has it open closes it; a vault that is shut is among its processes no more. */
const leftOpen = () => ({
  files: readdirSync(join(directory, 'data')).filter((name) => name.endsWith('-wal')),
  vaults: double.contents(database)['vault.processes'],
});
const refusing = (command: Document, collection: string, space: string) => {
  if (command.find === collection && JSON.stringify(command.filter).includes(space)) throw new Error('No.');
};

test('what is open is seen to be', async () => {
  const { close } = await open();
  expect(leftOpen().files).toContain('events.db-wal');
  expect(leftOpen().vaults).toBe(1);
  await close();
  expect(leftOpen()).toEqual({ files: [], vaults: 0 });
});

test.each([
  ['before the parts are put together', { SMTP_URL: 'https://mail.example' }, 'none', 'BAD_CONFIGURATION'],
  ['while what runs by itself is started', {}, 'email-changes', 'STORE_FAILED'],
])('a start that fails %s leaves nothing open, and the next one finds all in order', async (_, env, space, code) => {
  double.before = (command) => refusing(command, 'state.entries', space);
  await expect(open(env)).rejects.toMatchObject({ code });
  double.before = () => undefined;
  expect(leftOpen()).toEqual({ files: [], vaults: 0 });
  const { close } = await open();
  await close();
});
