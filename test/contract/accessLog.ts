import type { AccessEntry, AccessLog, AccessQuery } from '../../src/accesslog/port.js';
import { entryOf, id } from '../accesslog/entries.js';

/** One storage of an adapter: can be opened again and again, as after a restart. */
export interface AccessLogStorage {
  open(): Promise<AccessLog>;
  /** How long it is kept. */
  readonly keepDays: number;
  /** The instant that the log takes for now: UTC with milliseconds. */
  setNow(at: string): void;
  remove(): Promise<void>;
}

/** What every access log does. `start` makes an empty storage. */
export const accessLogContract = (name: string, start: () => Promise<AccessLogStorage>): void => {
  describe(`${name} as an access log`, () => {
    let storage: AccessLogStorage;
    let log: AccessLog;
    beforeEach(async () => {
      storage = await start();
      log = await storage.open();
    });
    afterEach(async () => {
      await log.close();
      await storage.remove();
    });
    const reopen = async () => {
      await log.close();
      log = await storage.open();
    };
    const append = async (...entries: AccessEntry[]) => {
      for (const entry of entries) await log.append(entry);
    };
    const found = async (query: Partial<AccessQuery> = {}) =>
      (await log.page({ limit: 1_000, ...query })).entries.map(({ place: _place, ...entry }) => entry);

    test('an empty log has no entries', async () => {
      expect(await log.page({ limit: 10 })).toEqual({ entries: [], hasMore: false });
    });

    test('[P3.6] what was appended is read back whole, the newest first, also after reopening', async () => {
      const entries = [
        entryOf(),
        entryOf({ purpose: 'LEGAL_OBLIGATION', operation: 'mutation updateContact' }),
        entryOf({
          reads: [
            { controller: id('client'), categories: ['contact.email', 'name'], subjects: [id('a'), id('b')] },
            { controller: id('workspace'), categories: ['work.company'], subjects: [id('c')] },
          ],
        }),
      ];
      await append(...entries);
      expect(await found()).toEqual([...entries].reverse());
      await reopen();
      await append(entries[0]!);
      expect(await found()).toEqual([entries[0], ...[...entries].reverse()]);
    });

    test('[P7.1] who read a person is found by their id, and the entry tells of them alone', async () => {
      const both = entryOf({
        reads: [
          { controller: id('client'), categories: ['name'], subjects: [id('a'), id('b')] },
          { controller: id('client'), categories: ['birth.date'], subjects: [id('b')] },
        ],
      });
      await append(both, entryOf({ reads: [{ controller: id('client'), categories: ['name'], subjects: [id('c')] }] }));
      const [entry, ...others] = await found({ subjects: [id('a')] });
      expect(others).toEqual([]);
      expect(entry).toEqual({
        ...both,
        reads: [{ controller: id('client'), categories: ['name'], subjects: [id('a')] }],
      });
      expect(await found({ subjects: [id('nobody')] })).toEqual([]);
      expect(await found({ subjects: ['no id at all'] })).toEqual([]);
      expect(await found({ subjects: [id('a'), id('c')] })).toHaveLength(2);
    });

    test('entries are found by workspace, controller, actor or account, purpose and time, and by all of them together', async () => {
      const wanted = entryOf({ at: '2026-03-02T00:00:00.000Z' });
      const other = (more: Partial<AccessEntry>) => entryOf({ at: wanted.at, ...more });
      await append(
        entryOf({ at: '2026-03-01T00:00:00.000Z' }),
        wanted,
        other({ workspace: id('elsewhere') }),
        other({ actor: id('key'), account: id('somebody') }),
        other({ purpose: 'SUPPORT' }),
        other({ reads: [{ controller: id('other client'), categories: ['name'], subjects: [id('a')] }] }),
        entryOf({ at: '2026-03-03T00:00:00.000Z' }),
      );
      const all = {
        workspace: wanted.workspace,
        controllers: [id('client')],
        actor: wanted.actor,
        purpose: wanted.purpose,
        from: wanted.at,
        to: wanted.at,
      };
      expect(await found(all)).toEqual([wanted]);
      for (const name of Object.keys(all)) {
        const { [name as 'actor']: _left, ...rest } = all;
        const more = await found(rest);
        expect([name, more.length]).toEqual([name, 2]);
        expect(more).toContainEqual(wanted);
      }
      expect(await found({ actor: id('key') })).toHaveLength(1);
      expect(await found({ actor: id('somebody') })).toHaveLength(1);
    });

    test('pages follow each other without a gap or a repetition, while others are appended', async () => {
      const entries = Array.from({ length: 25 }, (_, n) => entryOf({ operation: `query q${n}` }));
      await Promise.all(entries.map((entry) => log.append(entry)));
      const seen: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await log.page({ limit: 4, after });
        seen.push(...page.entries.map(({ operation }) => operation));
        await append(entryOf({ operation: 'query later' }));
        if (!page.hasMore) break;
        after = page.entries.at(-1)!.place;
      }
      expect(seen).toEqual(entries.map(({ operation }) => operation).reverse());
    });

    test('many at once are all there', async () => {
      const entries = Array.from({ length: 500 }, (_, n) => entryOf({ operation: `query q${n}` }));
      await Promise.all(entries.map((entry) => log.append(entry)));
      await reopen();
      expect(new Set((await found()).map(({ operation }) => operation)).size).toBe(500);
    });

    test('[P6.1] what is older than the log is kept leaves it, and nothing else', async () => {
      const old = entryOf({ at: '2026-01-01T12:00:00.000Z' });
      const kept = entryOf({ at: '2026-01-03T12:00:00.000Z' });
      await append(old, kept);
      const now = (days: number) => new Date(Date.parse(old.at) + days * 86_400_000).toISOString();
      storage.setNow(now(storage.keepDays));
      expect(await log.expire()).toBe(old.at);
      expect(await found()).toEqual([kept, old]);
      storage.setNow(now(storage.keepDays + 1));
      await log.expire();
      expect(await found()).toEqual([kept]);
      await reopen();
      expect(await found()).toEqual([kept]);
      storage.setNow(now(storage.keepDays + 4));
      await log.expire();
      expect(await found()).toEqual([]);
      await append(kept);
      expect(await found()).toEqual([kept]);
    });

    test('a subject without an id is a fault of ours, and nothing is appended', async () => {
      const reads = [{ controller: id('client'), categories: ['name'], subjects: ['grace@example.com'] }] as const;
      await expect(log.append(entryOf({ reads }))).rejects.toThrow(TypeError);
      expect(await found()).toEqual([]);
    });

    test('a log that is closed takes nothing', async () => {
      await log.close();
      await expect(log.append(entryOf())).rejects.toMatchObject({ code: 'ACCESS_LOG_UNWRITABLE' });
    });
  });
};
