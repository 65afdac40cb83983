import { contactPage } from '../projections/crm/contacts.js';
import { LIVE } from '../projections/crm/record.js';
import type { Installation } from '../src/app/installation.js';
import { openInstallation } from '../src/app/openInstallation.js';
import type { History } from './histories.js';
import { type Bench, type Line, median, rounded } from './table.js';

/** What an erasure may keep the event loop busy for, in all, in milliseconds. */
const BLOCKED_LIMIT_MS = 250;
const ERASURES = 60;
/** The first ones prepare statements and fill caches. */
const UNCOUNTED = 5;

/** What an erasure took, in milliseconds: until it was through, and of that the event loop was not idle. */
interface Erased {
  readonly elapsed: number;
  readonly blocked: number;
}

export interface Opened {
  readonly installation: Installation;
  readonly victims: readonly { readonly record: string; readonly subject: string }[];
  erase(number: number): Promise<Erased>;
  close(): Promise<void>;
}

export const opened = async ({ home, tenant }: History): Promise<Opened> => {
  const { installation, close } = await openInstallation(home);
  await installation.caughtUp();
  const { workspace, account: actor } = tenant;
  const query = { scope: workspace, order: 'name', facets: [LIVE], limit: ERASURES } as const;
  const { rows } = await contactPage(installation.readStore, { ...query, direction: 'asc', from: 'lin' }, null);
  const victims = rows.map(({ row }) => ({ record: row.id, recordKind: 'CONTACT' as const, subject: row.subject }));
  const erase = async (number: number): Promise<Erased> => {
    const context = {
      workspace,
      controller: workspace,
      actor,
      commandId: null,
      correlationId: installation.ids.next(),
    };
    const order = { ...victims[number]!, kind: 'ERASE', reason: 'SUBJECT_REQUEST' } as const;
    const before = performance.eventLoopUtilization();
    const began = performance.now();
    await installation.eraser.erase(order, context);
    const elapsed = performance.now() - began;
    return { elapsed, blocked: performance.eventLoopUtilization(before).active };
  };
  return { installation, victims, erase, close };
};

/** Held to what is allowed, by the worst: all that the thread did until the erasure was through, garbage collection too. */
const blockedLine = (
  events: number,
  { small, large }: { readonly small: readonly Erased[]; readonly large: readonly Erased[] },
): Line => {
  const [inSmall, inLarge] = [small, large].map((each) => each.map(({ blocked }) => blocked)) as [number[], number[]];
  const worst = Math.max(...inLarge);
  return {
    measured: `event loop blocked, in all, by erasing one contact in ${events.toLocaleString('en')} events`,
    figures: {
      ours: `${rounded(worst)} ms`,
      against: `${BLOCKED_LIMIT_MS} ms allowed`,
      ratio: worst / BLOCKED_LIMIT_MS,
    },
    required: { atMost: 1 },
    note: `the worst of ${large.length}, median ${rounded(median(inLarge))} ms; in the small history ${rounded(Math.max(...inSmall))} and ${rounded(median(inSmall))} ms; without the rewriting of the read store`,
  };
};

export const eraseBench: Bench = {
  name: 'erase',
  async run({ scale, histories }) {
    const [small, large] = [10_000 * scale, 1_000_000 * scale];
    const inSmall = await opened(await histories.of(small));
    const inLarge = await opened(await histories.of(large));
    const times = { small: [] as Erased[], large: [] as Erased[] };
    for (let number = 0; number < ERASURES; number++) {
      const ms = { small: await inSmall.erase(number), large: await inLarge.erase(number) };
      if (number < UNCOUNTED) continue;
      times.small.push(ms.small);
      times.large.push(ms.large);
    }
    await inSmall.close();
    await inLarge.close();
    const elapsed = (of: readonly Erased[]) => of.map((each) => each.elapsed);
    const [ours, against] = [median(elapsed(times.large)), median(elapsed(times.small))];
    return [
      {
        measured: `erasing one contact in ${large.toLocaleString('en')} events`,
        figures: { ours: `${rounded(ours)} ms`, against: `${rounded(against)} ms`, ratio: ours / against },
        required: { atMost: 2 },
        remarkable: { atMost: 1.2 },
        note: `against ${small.toLocaleString('en')} events; from the request to the last read model's purge, in turns, median of ${times.large.length}`,
      },
      blockedLine(large, times),
    ];
  },
};
