import { resolve } from 'node:path';
import { backupsIn } from '../backup/open.js';
import { removeExpired } from '../backup/retention.js';
import { CrmError } from '../errors.js';
import { systemClock } from '../kernel/clock.js';
import { backUp, restore } from './backups.js';
import type { Config } from './config.js';
import { isEmbedded } from './storeUrls.js';

interface Options {
  readonly to?: string | undefined;
  readonly 'keys-to'?: string | undefined;
  readonly from?: string | undefined;
  readonly keys?: string | undefined;
}

const usage = (reason: string): CrmError => new CrmError('BAD_CONFIGURATION', { reason });

const refuseEngines = ({ stores }: Config): void => {
  if (!isEmbedded(stores)) throw usage('Backups are of stores in files; other engines have their own.');
};

/** The latest in BACKUP_DIR. Error: BAD_CONFIGURATION where there is none. */
export const latestBackup = ({ backup: { directory } }: Config): string => {
  const latest = directory === undefined ? undefined : backupsIn(directory).at(-1);
  if (latest === undefined) throw usage('Which backup? Name one with --from, or set BACKUP_DIR.');
  return resolve(directory!, latest);
};

/** The commands that need no installation to be open. Each answers with what to print. */
export const BACKUP_COMMANDS: {
  readonly [command: string]: (config: Config, options: Options) => Promise<string>;
} = {
  async backup(config, options) {
    refuseEngines(config);
    const to = options.to ?? config.backup.directory;
    if (to === undefined) throw usage('Where to? crm backup --to DIR, or set BACKUP_DIR.');
    const plan = { ...config.backup, to: resolve(to), keysTo: resolve(options['keys-to'] ?? resolve(to, 'keys')) };
    const { data, keys } = await backUp(config, plan, systemClock);
    const removed = [plan.to, plan.keysTo].flatMap((each) => removeExpired(each, systemClock.now()));
    return [
      `backed up ${data.manifest.counts.events} events: ${data.directory}`,
      `the keys, until ${keys.manifest.expiresAt}: ${keys.directory}`,
      ...removed.map((path) => `removed ${path}`),
    ].join('\n');
  },

  async restore(config, options) {
    refuseEngines(config);
    if (options.from === undefined) throw usage('Which backup? crm restore --from BACKUP');
    const keysFrom = options.keys === undefined ? undefined : resolve(options.keys);
    const { id, events, erasures } = await restore(config, { from: resolve(options.from), keysFrom }, systemClock);
    return `restored ${id}: ${events} events; carried out again: ${erasures} erasures`;
  },
};
