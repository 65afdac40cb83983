import type { Buckets, Rate } from '../../src/kernel/buckets.js';
import type { Clock } from '../../src/kernel/clock.js';

/** What every adapter of the buckets does. `open` gives another server's view of the same ones, where servers share. */
export const bucketsContract = (name: string, open: (clock: Clock) => Promise<() => Buckets>) => {
  describe(`buckets: ${name}`, () => {
    const rate: Rate = { capacity: 10, perSecond: 2 };
    let now: number;
    let buckets: Buckets;
    beforeEach(async () => {
      now = 1_700_000_000_000;
      buckets = (await open({ now: () => now }))();
    });
    const take = async (amount: number, key = 'a') => buckets.take(key, rate, amount);

    test('a bucket is full when first seen, and gives no more than it holds', async () => {
      expect(await take(6)).toBe(0);
      expect(await take(4)).toBe(0);
      expect(await take(1)).toBe(1);
    });

    test('a refusal takes nothing, and says after how many whole seconds there will be enough', async () => {
      await take(10);
      expect(await take(5)).toBe(3);
      expect(await take(5)).toBe(3);
      now += 2_000;
      expect(await take(5)).toBe(1);
      now += 500;
      expect(await take(5)).toBe(0);
    });

    test('it fills at its rate, and not beyond its capacity', async () => {
      await take(10);
      now += 3_600_000;
      expect(await take(10)).toBe(0);
      expect(await take(1)).toBe(1);
    });

    test('keys have buckets of their own', async () => {
      await take(10);
      expect(await take(10, 'b')).toBe(0);
    });

    test('what costs more than a bucket can hold takes all of it', async () => {
      expect(await take(1_000)).toBe(0);
      expect(await take(1)).toBe(1);
      now += 5_000;
      expect(await take(1_000)).toBe(0);
    });

    test('what is given back can be taken again', async () => {
      await take(10);
      await buckets.giveBack('a', rate, 4);
      expect(await take(4)).toBe(0);
      expect(await take(1)).toBe(1);
    });

    test('a clock that goes back gives nothing', async () => {
      await take(10);
      now -= 60_000;
      expect(await take(1)).toBe(1);
    });

    test('many at once take no more than there is', async () => {
      const waits = await Promise.all(Array.from({ length: 30 }, () => take(1)));
      expect(waits.filter((wait) => wait === 0).length).toBeLessThanOrEqual(10);
      expect(waits.filter((wait) => wait === 0).length).toBeGreaterThan(0);
    });
  });
};
