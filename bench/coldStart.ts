import type { History } from './histories.js';
import { startProduct } from './processes.js';
import { type Bench, inTurns, rounded } from './table.js';

const secondsToReady = async ({ home }: History): Promise<number> => {
  const server = await startProduct(home);
  await server.stop();
  return server.readyAfterMs / 1000;
};

export const coldStartBench: Bench = {
  name: 'coldStart',
  async run({ scale, rounds, histories }) {
    const [small, large] = [1_000 * scale, 1_000_000 * scale];
    const [inSmall, inLarge] = [await histories.of(small), await histories.of(large)];
    // What earlier lines have left is taken up and written out first.
    for (const each of [inSmall, inLarge]) await secondsToReady(each);
    const { ours, against, ratio } = await inTurns(
      rounds,
      () => secondsToReady(inLarge),
      () => secondsToReady(inSmall),
    );
    return [
      {
        measured: `cold start to ready with ${large.toLocaleString('en')} events`,
        figures: { ours: `${rounded(ours)} s`, against: `${rounded(against)} s`, ratio },
        required: { atMost: 3 },
        remarkable: { atMost: 1.5 },
        note: `against ${small.toLocaleString('en')} events; a new process each time, the files in the cache of the operating system`,
      },
    ];
  },
};
