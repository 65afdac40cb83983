import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fillContacts, newHome } from './dataset.js';
import { CpuPerRequest, load, warmUp } from './load.js';
import { bodiesFor, DURATION_MS, LIST, PAGE, signedIn, WARM_UP_MS, wholeList } from './page.js';
import { homeIn, type RunningProcess, startProduct, startServer } from './processes.js';
import { type Bench, inTurns, rounded } from './table.js';

const CONTACTS = 10_000;
const CONNECTIONS = 32;

/** What authorisation and the access log cost: the same page by the same product, with both and without either. */
export const accessLogBench: Bench = {
  name: 'accessLog',
  async run({ directory, scale, rounds }) {
    const sideOf = async (name: string, start: typeof startProduct) => {
      const own = join(directory, name);
      mkdirSync(own);
      const home = homeIn(own);
      const tenant = await newHome(home);
      await fillContacts(home, tenant, CONTACTS * scale);
      const server = await start(home);
      const list = await wholeList(server.url, LIST, tenant);
      const job = { url: server.url, headers: signedIn(tenant), bodies: bodiesFor(LIST, list) };
      return { server, job: { ...job, connections: CONNECTIONS, sameAnswers: true } };
    };
    const guarded = await sideOf('guarded', startProduct);
    const open = await sideOf('unguarded', ({ dataDir, masterKeyFile }) =>
      startServer('bench/unguarded.js', {
        DATA_DIR: dataDir,
        MASTER_KEY_FILE: masterKeyFile,
        COST_PER_SECOND: '1000000000',
      }),
    );
    const cpu = new CpuPerRequest();
    for (const { server, job } of [guarded, open]) await warmUp(job, server);
    const measure = async ({ server, job }: { server: RunningProcess; job: typeof guarded.job }): Promise<number> => {
      const report = await load({ ...job, warmUpMs: WARM_UP_MS, durationMs: DURATION_MS }, server);
      cpu.add(server, report);
      return report.requestsPerSecond;
    };
    const { ours, against, ratio } = await inTurns(
      rounds,
      () => measure(guarded),
      () => measure(open),
    );
    await guarded.server.stop();
    await open.server.stop();
    return [
      {
        measured: `contacts(first: ${PAGE}) with authorisation and access log, against the same without`,
        figures: { ours: `${rounded(ours)} requests/s`, against: `${rounded(against)} requests/s`, ratio },
        required: { atLeast: 0.75 },
        remarkable: { atLeast: 0.9 },
        note: `${CONNECTIONS} connections; every answer of ours has its entry on disk before it leaves; the other asks nobody who they are and may do; ${cpu.inWords(guarded.server, open.server)}`,
      },
    ];
  },
};
