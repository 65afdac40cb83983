import type { ErasureLedger } from '../../src/ledger/port.js';
import { begun, completed, keysDestroyed } from '../ledger/records.js';

/** One storage of an adapter: can be opened again and again, as after a restart. */
export interface LedgerStorage {
  open(): Promise<ErasureLedger>;
  remove(): Promise<void>;
}

/** What every erasure ledger does. `start` makes an empty storage. */
export const erasureLedgerContract = (name: string, start: () => Promise<LedgerStorage>): void => {
  describe(`${name} as an erasure ledger`, () => {
    let storage: LedgerStorage;
    let ledger: ErasureLedger;
    beforeEach(async () => {
      storage = await start();
      ledger = await storage.open();
    });
    afterEach(async () => {
      await ledger.close();
      await storage.remove();
    });
    const reopen = async () => {
      await ledger.close();
      ledger = await storage.open();
    };
    const recordsAfter = async (sequence: number) => (await ledger.entries(sequence)).map(({ record }) => record);

    test('a new ledger says that it begins, and whose it is', async () => {
      const [first, ...others] = await ledger.entries();
      expect(first).toMatchObject({ sequence: 1, previous: '0'.repeat(64), record: { kind: 'LedgerBegun' } });
      expect(first?.installation).toBe(ledger.installation);
      expect(others).toEqual([]);
      await reopen();
      expect(await ledger.entries()).toEqual([first]);
      expect(ledger.installation).toBe(first?.installation);
    });

    test('what was appended is read back in order, each with its link to the one before, also after reopening', async () => {
      const order = begun({ classes: ['profile', 'content'] });
      const appended = [order, keysDestroyed(order), completed(order)];
      const heads = [];
      for (const record of appended) heads.push(await ledger.append(record));
      await reopen();
      const entries = await ledger.entries();
      expect(entries.slice(1).map(({ record }) => record)).toEqual(appended);
      expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      expect(entries.slice(1).map(({ previous }) => previous)).toEqual(entries.slice(0, -1).map(({ hash }) => hash));
      expect(entries.slice(1)).toMatchObject(heads);
      expect(ledger.head()).toEqual(heads.at(-1));
      expect(await recordsAfter(2)).toEqual(appended.slice(1));
      expect(ledger.knownToData).toEqual(ledger.head());
    });

    test('appending at the same time gives every record one place', async () => {
      const records = Array.from({ length: 64 }, () => begun());
      const heads = await Promise.all(records.map((record) => ledger.append(record)));
      expect(new Set(heads.map(({ sequence }) => sequence)).size).toBe(64);
      expect(await recordsAfter(1)).toEqual(records);
      await ledger.verify();
    });

    test('what an erasure has in the ledger is not written again, now, at the same time, or after reopening', async () => {
      const order = begun();
      const [first, again] = await Promise.all([
        ledger.append(order),
        ledger.append({ ...order, actor: order.subject }),
      ]);
      expect(again).toEqual(first);
      await reopen();
      expect(await ledger.append(order)).toEqual(first);
      expect(await recordsAfter(1)).toEqual([order]);
      const keys = keysDestroyed(order);
      const ofAnother = { ...keys, subject: order.record };
      await ledger.append(keys);
      await ledger.append(ofAnother);
      await ledger.append(keys);
      expect(await recordsAfter(2)).toEqual([keys, ofAnother]);
    });

    test('a record with anything in it but ids and codes is not taken', async () => {
      const refused = [
        begun({ reason: 'He asked me to' }),
        begun({ subject: 'grace@example.com' }),
        begun({ scope: 'Grace' }),
        { ...begun(), note: 'Grace' },
        { ...keysDestroyed(begun()), keys: [{ class: 'profile' as const, fingerprint: 'Grace' }] },
      ];
      for (const record of refused) await expect(ledger.append(record)).rejects.toThrow(TypeError);
      expect(await ledger.entries()).toHaveLength(1);
    });

    test('what was accepted is finished when it is closed, and nothing is accepted after', async () => {
      const order = begun();
      const accepted = ledger.append(order);
      await ledger.close();
      await expect(ledger.append(begun())).rejects.toMatchObject({ code: 'LEDGER_UNWRITABLE' });
      await accepted;
      await reopen();
      expect(await recordsAfter(1)).toEqual([order]);
    });
  });
};
