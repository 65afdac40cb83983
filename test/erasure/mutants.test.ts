import { mutants } from './mutants.js';
import { changedProduct, removeProduct } from './sabotage.js';
import { partNames, shortProof } from './short.js';

/** Several processes each. */
const TIMEOUT_MS = 300_000;
let caught = 0;
const say = (what: string) => process.stdout.write(`${what}\n`);

/** What the parts of the proof have found in a product that was changed in this way. */
const foundIn = async (edits: Parameters<typeof changedProduct>[0], parts: Parameters<typeof shortProof>[1]) => {
  const dist = changedProduct(edits);
  try {
    return await shortProof(dist, parts);
  } finally {
    removeProduct(dist);
  }
};

afterAll(() => {
  say(`mutants: ${caught} of ${mutants.length} caught`);
});

test(
  '[P7.3] of the product as it is no part of the proof finds anything: otherwise that one finds a mutant would prove nothing',
  async () => {
    const found = await foundIn([], partNames);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(partNames.map((name) => [name, []])));
    expect(new Set(mutants.map(({ caughtBy }) => caughtBy))).toEqual(new Set(partNames));
  },
  TIMEOUT_MS,
);

test.each(mutants)(
  '[P7.3] the proof catches that $name',
  async ({ name, edit, caughtBy }) => {
    const found = (await foundIn([edit], [caughtBy])).get(caughtBy)!;
    say(`${found.length > 0 ? 'caught ' : 'MISSED '}  ${name}: ${found[0] ?? caughtBy}`);
    expect(found).not.toEqual([]);
    caught++;
  },
  TIMEOUT_MS,
);
