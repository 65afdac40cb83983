import type { Kms } from '../../src/vault/kms/port.js';

/** One master key of an adapter: can be opened again and again, as after a restart. */
export interface KmsStorage {
  open(): Promise<Kms>;
  /** Another master key. */
  other(): Promise<Kms>;
  remove(): Promise<void>;
}

/** What every key management does. `start` makes a new master key. */
export const kmsContract = (name: string, start: () => Promise<KmsStorage>): void => {
  describe(`${name} as a key management`, () => {
    const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at));
    let storage: KmsStorage;
    let kms: Kms;
    beforeEach(async () => {
      storage = await start();
      kms = await storage.open();
    });
    afterEach(() => storage.remove());

    test('what was wrapped is unwrapped, also after a restart, and says nothing of the key', async () => {
      const wrapped = await kms.wrap(key);
      expect(await kms.unwrap(wrapped)).toEqual(key);
      const again = await storage.open();
      expect(again.id).toBe(kms.id);
      expect(await again.unwrap(wrapped)).toEqual(key);
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(wrapped).not.toContain(key.toString(encoding));
      expect(await kms.wrap(key)).not.toBe(wrapped);
    });

    test('another master key, and a changed text, are refused as such', async () => {
      const wrapped = await kms.wrap(key);
      const other = await storage.other();
      await expect(other.unwrap(wrapped)).rejects.toMatchObject({ code: 'WRONG_MASTER_KEY' });
      const middle = wrapped.length >> 1;
      const changed = wrapped.slice(0, middle) + (wrapped[middle] === 'A' ? 'B' : 'A') + wrapped.slice(middle + 1);
      for (const text of [changed, '', 'x']) {
        await expect(kms.unwrap(text)).rejects.toMatchObject({ code: 'WRONG_MASTER_KEY' });
      }
    });
  });
};
