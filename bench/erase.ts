import { contactPage } from '../projections/crm/contacts.js';
import { LIVE } from '../projections/crm/record.js';
import type { Installation } from '../src/app/installation.js';
import { openInstallation } from '../src/app/openInstallation.js';
import type { History } from './histories.js';
import { type Bench, median, rounded } from './table.js';

const ERASURES = 60;
/** The first ones prepare statements and fill caches. */
const UNCOUNTED = 5;

interface Opened {
  readonly installation: Installation;
  readonly victims: readonly { readonly record: string; readonly subject: string }[];
  erase(number: number): Promise<number>;
  close(): Promise<void>;
}

const opened = async ({ home, tenant }: History): Promise<Opened> => {
  const { installation, close } = await openInstallation(home);
  await installation.caughtUp();
  const { workspace, account: actor } = tenant;
  const query = { scope: workspace, order: 'name', facets: [LIVE], limit: ERASURES } as const;
  const { rows } = await contactPage(installation.readStore, { ...query, direction: 'asc', from: 'lin' }, null);
  const victims = rows.map(({ row }) => ({ record: row.id, recordKind: 'CONTACT' as const, subject: row.subject }));
  const erase = async (number: number): Promise<number> => {
    const context = {
      workspace,
      controller: workspace,
      actor,
      commandId: null,
      correlationId: installation.ids.next(),
    };
    const order = { ...victims[number]!, kind: 'ERASE', reason: 'SUBJECT_REQUEST' } as const;
    const began = performance.now();
    await installation.eraser.erase(order, context);
    return performance.now() - began;
  };
  return { installation, victims, erase, close };
};

export const eraseBench: Bench = {
  name: 'erase',
  async run({ scale, histories }) {
    const [small, large] = [10_000 * scale, 1_000_000 * scale];
    const inSmall = await opened(await histories.of(small));
    const inLarge = await opened(await histories.of(large));
    const times = { small: [] as number[], large: [] as number[] };
    for (let number = 0; number < ERASURES; number++) {
      const ms = { small: await inSmall.erase(number), large: await inLarge.erase(number) };
      if (number < UNCOUNTED) continue;
      times.small.push(ms.small);
      times.large.push(ms.large);
    }
    await inSmall.close();
    await inLarge.close();
    const [ours, against] = [median(times.large), median(times.small)];
    return [
      {
        measured: `erasing one contact in ${large.toLocaleString('en')} events`,
        figures: { ours: `${rounded(ours)} ms`, against: `${rounded(against)} ms`, ratio: ours / against },
        required: { atMost: 2 },
        remarkable: { atMost: 1.2 },
        note: `against ${small.toLocaleString('en')} events; from the request to the last read model's purge, in turns, median of ${times.large.length}`,
      },
    ];
  },
};
