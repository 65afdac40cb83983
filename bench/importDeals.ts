import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { newHome } from './dataset.js';
import { homeIn, timeProcess } from './processes.js';
import { type Bench, inTurns, type Line, rounded } from './table.js';

const bounds: Pick<Line, 'measured' | 'required' | 'remarkable'> = {
  measured: 'importing the 8,800 deals with accounts, products and agents by the CLI',
  required: { atMost: 10 },
  remarkable: { atMost: 4 },
};

export const importDealsBench: Bench = {
  name: 'importDeals',
  async run({ directory, rounds }) {
    const data = resolve(process.env.REAL_DATA_DIR ?? '../shared/data', 'crm-sales');
    if (!existsSync(data)) return [{ ...bounds, figures: null, note: 'the real files are not there (REAL_DATA_DIR)' }];
    const own = join(directory, 'import');
    mkdirSync(own);
    await newHome(homeIn(join(own, 'template')));
    const at = (file: string) => join(data, `${file}.csv`);
    const files = ['--deals', at('sales_pipeline'), '--companies', at('accounts'), '--products', at('products')];
    const args = ['import', 'deals', ...files, '--agents', at('sales_teams')];
    const { ours, against, ratio } = await inTurns(
      rounds,
      (round) => {
        const copy = join(own, `round-${round}`);
        cpSync(join(own, 'template'), copy, { recursive: true });
        const { dataDir, masterKeyFile } = homeIn(copy);
        return timeProcess('src/app/cli.js', args, { DATA_DIR: dataDir, MASTER_KEY_FILE: masterKeyFile });
      },
      (round) => timeProcess('bench/bareImportJob.js', [], { DATA: data, TARGET: join(own, `bare-${round}.db`) }),
    );
    return [
      {
        ...bounds,
        figures: { ours: `${rounded(ours)} s`, against: `${rounded(against)} s`, ratio },
        note: 'both from the start of the process to its end; ours until every read model shows them',
      },
    ];
  },
};
