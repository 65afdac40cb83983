import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { accessLogBench } from './accessLog.js';
import { appendBench } from './append.js';
import { backupBench } from './backup.js';
import { coldStartBench } from './coldStart.js';
import { createBench } from './create.js';
import { enginesBench } from './engines.js';
import { eraseBench } from './erase.js';
import { eraseReadsBench } from './eraseReads.js';
import { foreignIdsBench } from './foreignIds.js';
import { Histories } from './histories.js';
import { importDealsBench } from './importDeals.js';
import { indexesBench } from './indexes.js';
import { pageBench } from './page.js';
import { rebuildBench } from './rebuild.js';
import { restoreBench } from './restore.js';
import { signInsBench } from './signIns.js';
import { type Bench, type Line, tableOf } from './table.js';

/** In the order of the table. */
const BENCHES: readonly Bench[] = [
  pageBench,
  accessLogBench,
  foreignIdsBench,
  signInsBench,
  createBench,
  appendBench,
  rebuildBench,
  eraseBench,
  eraseReadsBench,
  restoreBench,
  backupBench,
  indexesBench,
  importDealsBench,
  coldStartBench,
];

const HELP = `npm run bench -- [--only ${BENCHES.map(({ name }) => name).join(',')}] [--small | --scale 0.1] [--rounds 5]
       npm run bench -- --engines [--small | --scale 0.1] [--rounds 5]
  --engines the figures of the engines that BENCH_KURRENTDB_URL (or TEST_KURRENTDB_URL) names, and nothing else
  --small   a tenth of the sizes, for trying out
  --scale   another part of them
`;

const SMALL = 0.1;

const say = (what: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${what}\n`);
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      engines: { type: 'boolean', default: false },
      small: { type: 'boolean', default: false },
      scale: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = values.only?.split(',');
  if (values.help || wanted?.some((name) => !BENCHES.some((bench) => bench.name === name))) {
    return void process.stdout.write(HELP);
  }
  const directory = mkdtempSync(join(tmpdir(), 'crm-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(directory, { recursive: true, force: true });
      process.exit(1);
    });
  }
  const scale = Number(values.scale ?? (values.small ? SMALL : 1));
  const setting = { directory, scale, rounds: Number(values.rounds), histories: new Histories(directory, say) };
  const lines: Line[] = [];
  try {
    for (const bench of values.engines ? [enginesBench] : BENCHES) {
      if (wanted !== undefined && !wanted.includes(bench.name)) continue;
      say(`measuring ${bench.name}`);
      const measured = await bench.run(setting);
      lines.push(...measured);
      say(`\n${tableOf(measured)}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const sizes = scale === 1 ? 'full sizes' : `SMALL: ${scale} of the sizes that are asked for`;
  process.stdout.write(
    `${availableParallelism()} cores, ${memoryGiB} GiB, Node ${process.version}, ${values.rounds} rounds, ${sizes}\n\n${tableOf(lines)}\n`,
  );
};

await main();
