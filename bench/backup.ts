import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CONNECTIONS, createBodies } from './create.js';
import { load, warmUp } from './load.js';
import { DURATION_MS, signedIn, WARM_UP_MS } from './page.js';
import { startProduct, timeProcess } from './processes.js';
import { type Bench, inTurns, rounded } from './table.js';

/** No contact of the history has these numbers, so that none has an address of somebody whom other lines have erased. */
const FIRST_NEW = 5_000_000;
/** Longer than any backup: its end ends the load. */
const UNTIL_IT_IS_ENDED_MS = 86_400_000;

/** What a backup, by the command line beside the running server, takes from those who write meanwhile. */
export const backupBench: Bench = {
  name: 'backup',
  async run({ directory, scale, rounds, histories }) {
    const events = 1_000_000 * scale;
    const { home, tenant } = await histories.of(events);
    const server = await startProduct(home);
    const bodies = createBodies(FIRST_NEW);
    const job = { url: server.url, headers: signedIn(tenant), bodies, connections: CONNECTIONS, sameAnswers: false };
    const to = join(directory, 'backups');
    const env = { DATA_DIR: home.dataDir, MASTER_KEY_FILE: home.masterKeyFile };
    const seconds: number[] = [];
    await warmUp(job, server);
    const { ours, against, ratio } = await inTurns(
      rounds,
      async () => {
        const ending = new AbortController();
        const writing = load({ ...job, warmUpMs: 0, durationMs: UNTIL_IT_IS_ENDED_MS }, server, ending.signal);
        seconds.push(await timeProcess('src/app/cli.js', ['backup', '--to', to], env));
        ending.abort();
        rmSync(to, { recursive: true });
        return (await writing).requestsPerSecond;
      },
      async () => (await load({ ...job, warmUpMs: WARM_UP_MS, durationMs: DURATION_MS }, server)).requestsPerSecond,
    );
    await server.stop();
    return [
      {
        measured: `createContact over HTTP during a backup of ${events.toLocaleString('en')} events`,
        figures: { ours: `${rounded(ours)} requests/s`, against: `${rounded(against)} requests/s`, ratio },
        required: { atLeast: 0.7 },
        note: `${CONNECTIONS} connections, against the same undisturbed; the backups took ${seconds.map(rounded).join(', ')} s with the start of their process`,
      },
    ];
  },
};
