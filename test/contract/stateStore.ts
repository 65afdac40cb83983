import type { Clock } from '../../src/kernel/clock.js';
import type { StateStore } from '../../src/statestore/port.js';

/** One storage of an adapter: can be opened again and again, as after a restart. */
export interface StateStorage {
  open(clock: Clock): Promise<StateStore>;
  remove(): Promise<void>;
}

const START_MS = Date.UTC(2026, 10, 24);

/** What every state store does. `start` makes an empty storage. */
export const stateStoreContract = (name: string, start: () => Promise<StateStorage>): void => {
  describe(`${name} as a state store`, () => {
    let storage: StateStorage;
    let store: StateStore;
    let nowMs: number;
    const clock: Clock = { now: () => nowMs };
    const inMs = (ms: number) => nowMs + ms;
    beforeEach(async () => {
      nowMs = START_MS;
      storage = await start();
      store = await storage.open(clock);
    });
    afterEach(async () => {
      await store.close();
      await storage.remove();
    });
    const reopen = async () => {
      await store.close();
      store = await storage.open(clock);
    };

    describe('values', () => {
      test('what was put is got back, in its own space, also after reopening', async () => {
        const value = { text: 'ü✓𝒳', list: [1, -0.5, 1e21, 9007199254740991, null, true], nested: { '': {} } };
        await store.put('sessions', 'a', value);
        await store.put('tokens', 'a', 'another');
        expect(await store.get('sessions', 'a')).toEqual(value);
        await reopen();
        expect(await store.get('sessions', 'a')).toEqual(value);
        expect(await store.get('tokens', 'a')).toBe('another');
        expect(await store.get('sessions', 'b')).toBeNull();
        expect(await store.get('nowhere', 'a')).toBeNull();
      });

      test('putting again takes the place of value and expiry', async () => {
        await store.put('s', 'a', 1, inMs(10));
        await store.put('s', 'a', 2);
        nowMs = inMs(20);
        expect(await store.get('s', 'a')).toBe(2);
        await store.put('s', 'a', 3, inMs(10));
        nowMs = inMs(10);
        expect(await store.get('s', 'a')).toBeNull();
      });

      test('a value is there until its time, and gone from then on', async () => {
        await store.put('s', 'a', 1, inMs(10));
        nowMs += 9;
        expect(await store.get('s', 'a')).toBe(1);
        nowMs += 1;
        expect(await store.get('s', 'a')).toBeNull();
        expect(await store.list('s')).toEqual([]);
      });

      test('removing takes a value away, and is no error where there is none', async () => {
        await store.put('s', 'a', 1);
        await store.remove('s', 'a');
        await store.remove('s', 'a');
        expect(await store.get('s', 'a')).toBeNull();
      });

      test('a list has what starts with the prefix, in order, and nothing that expired', async () => {
        for (const key of ['b/2', 'b', 'a', 'b/1', 'c', 'b/1/x', 'ba']) await store.put('s', key, key);
        await store.put('s', 'b/0', 'expired', inMs(1));
        await store.put('other', 'b/1', 'elsewhere');
        nowMs += 1;
        const keys = async (prefix?: string) => (await store.list('s', prefix)).map((entry) => entry.key);
        expect(await keys()).toEqual(['a', 'b', 'b/1', 'b/1/x', 'b/2', 'ba', 'c']);
        expect(await keys('b/')).toEqual(['b/1', 'b/1/x', 'b/2']);
        expect(await keys('b/3')).toEqual([]);
        expect(await store.list('s', 'b/1')).toEqual([
          { key: 'b/1', value: 'b/1' },
          { key: 'b/1/x', value: 'b/1/x' },
        ]);
      });

      test('a prefix has no wildcards', async () => {
        for (const key of ['%', '_', 'a', '.*', 'b']) await store.put('s', key, 1);
        for (const prefix of ['%', '_', '.*', '.']) {
          const found = (await store.list('s', prefix)).map((entry) => entry.key);
          expect(found).toEqual(prefix === '.' ? ['.*'] : [prefix]);
        }
      });

      test('compare and set goes by deep equality, whatever the order of members', async () => {
        expect(await store.compareAndSet('s', 'a', { x: 1 }, 2)).toBe(false);
        expect(await store.compareAndSet('s', 'a', null, { x: 1, y: [{ a: 1, b: 2 }] })).toBe(true);
        expect(await store.compareAndSet('s', 'a', null, 2)).toBe(false);
        expect(await store.compareAndSet('s', 'a', { x: 1 }, 2)).toBe(false);
        expect(await store.get('s', 'a')).toEqual({ x: 1, y: [{ a: 1, b: 2 }] });
        expect(await store.compareAndSet('s', 'a', { y: [{ b: 2, a: 1 }], x: 1 }, 2)).toBe(true);
        expect(await store.get('s', 'a')).toBe(2);
      });

      test('an expired value compares as none', async () => {
        await store.put('s', 'a', 1, inMs(10));
        nowMs += 10;
        expect(await store.compareAndSet('s', 'a', 1, 2)).toBe(false);
        expect(await store.compareAndSet('s', 'a', null, 3, inMs(10))).toBe(true);
        expect(await store.get('s', 'a')).toBe(3);
        nowMs += 10;
        expect(await store.get('s', 'a')).toBeNull();
      });

      test('of concurrent setters with one expectation exactly one wins', async () => {
        await store.put('s', 'a', 0);
        const won = await Promise.all(Array.from({ length: 32 }, (_, at) => store.compareAndSet('s', 'a', 0, at + 1)));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await store.get('s', 'a')).toBe(won.indexOf(true) + 1);
      });

      test('concurrent counting by compare and set loses nothing', async () => {
        const increment = async (): Promise<void> => {
          const count = (await store.get('s', 'count')) as number | null;
          if (!(await store.compareAndSet('s', 'count', count, (count ?? 0) + 1))) await increment();
        };
        await Promise.all(Array.from({ length: 16 }, increment));
        expect(await store.get('s', 'count')).toBe(16);
      });
    });

    describe('claims', () => {
      test('a claim goes from reserved to confirmed, and has an owner from then on', async () => {
        expect(await store.reserveClaim('email', 'h', 'one', inMs(10))).toBe('reserved');
        expect(await store.claimOwner('email', 'h')).toBeNull();
        await store.confirmClaim('email', 'h', 'one');
        expect(await store.claimOwner('email', 'h')).toBe('one');
        await reopen();
        expect(await store.claimOwner('email', 'h')).toBe('one');
        expect(await store.claimOwner('phone', 'h')).toBeNull();
      });

      test('of concurrent reservations exactly one wins', async () => {
        const owners = Array.from({ length: 64 }, (_, at) => `owner-${at}`);
        const results = await Promise.all(owners.map((owner) => store.reserveClaim('email', 'h', owner, inMs(10))));
        expect(results.filter((result) => result === 'reserved')).toHaveLength(1);
        expect(results.filter((result) => result === 'held')).toHaveLength(63);
        await store.confirmClaim('email', 'h', owners[results.indexOf('reserved')]!);
      });

      test('a claim that is held can be neither reserved nor confirmed by another', async () => {
        await store.reserveClaim('email', 'h', 'one', inMs(10));
        expect(await store.reserveClaim('email', 'h', 'two', inMs(10))).toBe('held');
        await expect(store.confirmClaim('email', 'h', 'two')).rejects.toMatchObject({ code: 'CLAIM_TAKEN' });
        await store.confirmClaim('email', 'h', 'one');
        expect(await store.reserveClaim('email', 'h', 'two', inMs(10))).toBe('held');
        await expect(store.confirmClaim('email', 'h', 'two')).rejects.toMatchObject({ code: 'CLAIM_TAKEN' });
        expect(await store.claimOwner('email', 'h')).toBe('one');
      });

      test('a reservation lapses when it is not confirmed in time', async () => {
        await store.reserveClaim('email', 'h', 'one', inMs(10));
        nowMs += 9;
        expect(await store.reserveClaim('email', 'h', 'two', inMs(10))).toBe('held');
        nowMs += 1;
        expect(await store.reserveClaim('email', 'h', 'two', inMs(10))).toBe('reserved');
        await expect(store.confirmClaim('email', 'h', 'one')).rejects.toMatchObject({ code: 'CLAIM_TAKEN' });
        await store.confirmClaim('email', 'h', 'two');
        expect(await store.claimOwner('email', 'h')).toBe('two');
      });

      test('a reservation that has lapsed can still be confirmed while nobody else has it, swept or not', async () => {
        await store.reserveClaim('email', 'h', 'one', inMs(10));
        await store.reserveClaim('email', 'swept', 'one', inMs(10));
        nowMs += 10;
        await store.confirmClaim('email', 'h', 'one');
        await store.sweep();
        await store.confirmClaim('email', 'swept', 'one');
        expect(await store.claimOwner('email', 'h')).toBe('one');
        expect(await store.claimOwner('email', 'swept')).toBe('one');
      });

      test('reserving again as the same owner renews', async () => {
        await store.reserveClaim('email', 'h', 'one', inMs(10));
        nowMs += 9;
        expect(await store.reserveClaim('email', 'h', 'one', inMs(10))).toBe('own');
        nowMs += 9;
        expect(await store.reserveClaim('email', 'h', 'two', inMs(10))).toBe('held');
      });

      test('a confirmed claim does not lapse, also where its owner reserves it again', async () => {
        await store.reserveClaim('email', 'h', 'one', inMs(10));
        await store.confirmClaim('email', 'h', 'one');
        await store.confirmClaim('email', 'h', 'one');
        expect(await store.reserveClaim('email', 'h', 'one', inMs(10))).toBe('own');
        nowMs += 1_000_000;
        await store.sweep();
        expect(await store.claimOwner('email', 'h')).toBe('one');
        expect(await store.reserveClaim('email', 'h', 'two', inMs(10))).toBe('held');
      });

      test('releasing frees the claim, and only its owner can', async () => {
        await store.reserveClaim('email', 'h', 'one', inMs(10));
        await store.confirmClaim('email', 'h', 'one');
        await store.releaseClaim('email', 'h', 'two');
        expect(await store.claimOwner('email', 'h')).toBe('one');
        await store.releaseClaim('email', 'h', 'one');
        await store.releaseClaim('email', 'h', 'one');
        expect(await store.claimOwner('email', 'h')).toBeNull();
        expect(await store.reserveClaim('email', 'h', 'two', inMs(10))).toBe('reserved');
      });

      test('everything of one owner is released at once, and nothing of another', async () => {
        for (const [space, key] of [
          ['email', 'h1'],
          ['email', 'h2'],
          ['external', 'h1'],
        ] as const) {
          await store.reserveClaim(space, key, 'one', inMs(10));
          await store.confirmClaim(space, key, 'one');
        }
        await store.reserveClaim('email', 'reserved', 'one', inMs(10));
        await store.reserveClaim('email', 'other', 'two', inMs(10));
        await store.confirmClaim('email', 'other', 'two');
        expect(await store.releaseClaimsOf('one')).toBe(4);
        expect(await store.releaseClaimsOf('one')).toBe(0);
        expect(await store.claimOwner('email', 'h1')).toBeNull();
        expect(await store.reserveClaim('email', 'reserved', 'two', inMs(10))).toBe('reserved');
        expect(await store.claimOwner('email', 'other')).toBe('two');
      });
    });

    test('sweeping removes what has expired and lapsed, and nothing else', async () => {
      await store.put('s', 'expired', 1, inMs(10));
      await store.put('s', 'later', 1, inMs(11));
      await store.put('s', 'for ever', 1);
      await store.reserveClaim('email', 'lapsed', 'one', inMs(10));
      await store.reserveClaim('email', 'reserved', 'one', inMs(11));
      await store.reserveClaim('email', 'confirmed', 'one', inMs(10));
      await store.confirmClaim('email', 'confirmed', 'one');
      nowMs += 10;
      expect(await store.sweep()).toBe(2);
      expect(await store.sweep()).toBe(0);
      expect((await store.list('s')).map((entry) => entry.key)).toEqual(['for ever', 'later']);
      expect(await store.releaseClaimsOf('one')).toBe(2);
    });

    test('what was accepted is finished when the store is closed, and nothing is accepted after', async () => {
      const accepted = store.put('s', 'a', 1);
      const closed = store.close();
      await Promise.all([accepted, closed]);
      await store.close();
      await expect(store.put('s', 'b', 1)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(store.get('s', 'a')).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await reopen();
      expect((await store.list('s')).map((entry) => entry.key)).toEqual(['a']);
    });
  });
};
