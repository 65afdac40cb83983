import { join } from 'node:path';
import { historyOf } from '../support/mutations.js';
import { asking, runCli, type SignedUp, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { describeReal } from './realData.js';

describeReal('crm-sales', 'the sales pipeline of a hardware reseller, by the command line', (folder) => {
  const directory = temporaryDirectory();
  let ada: SignedUp;
  let first: { output: string; code: number | null };

  const importAll = () =>
    runCli(directory.path(), [
      ...[
        'import',
        'deals',
        '--deals',
        join(folder, 'sales_pipeline.csv'),
        '--companies',
        join(folder, 'accounts.csv'),
      ],
      ...['--products', join(folder, 'products.csv'), '--agents', join(folder, 'sales_teams.csv')],
    ]);

  /** Starts the server for as long as something is asked of it: the command line needs the directory for itself. */
  const asked = async <T>(what: (ask: ReturnType<typeof asking>) => Promise<T>): Promise<T> => {
    const server = await startServer(directory.path());
    try {
      return await what(asking(server, ada));
    } finally {
      expect(await server.stop()).toBe(0);
    }
  };

  beforeAll(async () => {
    const server = await startServer(directory.path());
    ada = await signUp(server, 'Ada');
    expect(await server.stop()).toBe(0);
    first = await importAll();
  }, 120_000);

  test('is imported whole, in one go, and what is not known is reported', () => {
    expect(first.code).toBe(0);
    expect(first.output).toContain('company: 85 created, 0 updated, 0 unchanged, 0 left out');
    expect(first.output).toContain('product: 7 created, 0 updated, 0 unchanged, 0 left out');
    expect(first.output).toContain('agent: 35 created, 0 updated, 0 unchanged, 0 left out');
    expect(first.output).toContain('deal: 8800 created, 0 updated, 0 unchanged, 0 left out');
    const problems = first.output.split('\n').filter((line) => /^ {2}[A-Z_]+( \(\w+\))?: /.test(line));
    expect(problems).toEqual([expect.stringMatching(/^ {2}UNKNOWN_PRODUCT \(product\): .+ Line 3, .+ 1480 in all$/)]);
  });

  test('has the figures of the export: stages, worth, blanks', async () => {
    const COUNT = `query ($filter: DealFilter) { deals(first: 0, filter: $filter) { totalCount totalCountIsExact } }`;
    await asked(async (ask) => {
      const { dealTotals } = await ask('{ dealTotals { stage currency count valueMinor } }');
      const totals: Record<string, { count: number; valueMinor: number }> = {};
      for (const { stage, count, valueMinor } of dealTotals) {
        const { count: others, valueMinor: worth } = totals[stage] ?? { count: 0, valueMinor: 0 };
        totals[stage] = { count: others + count, valueMinor: worth + valueMinor };
      }
      expect(totals).toEqual({
        won: { count: 4_238, valueMinor: 1_000_553_400 },
        lost: { count: 2_473, valueMinor: 0 },
        engaging: { count: 1_589, valueMinor: 0 },
        prospecting: { count: 500, valueMinor: 0 },
      });
      const counted = async (filter: object) => (await ask(COUNT, { filter })).deals;
      expect(await counted({})).toEqual({ totalCount: 8_800, totalCountIsExact: true });
      expect(await counted({ outcome: 'WON' })).toEqual({ totalCount: 4_238, totalCountIsExact: true });

      const { members, companies, products } = await ask(`{ members { id role canSignIn }
        companies(first: 200) { nodes { id name subsidiaryOf { name } } totalCount } products { nodes { id name priceMinor } totalCount } }`);
      const agents = members.filter(({ role }: { role: string }) => role === 'AGENT');
      expect(agents).toHaveLength(35);
      expect(agents.some(({ canSignIn }: { canSignIn: boolean }) => canSignIn)).toBe(false);
      expect([companies.totalCount, products.totalCount]).toEqual([85, 7]);
      expect(
        companies.nodes.filter(({ subsidiaryOf }: { subsidiaryOf: unknown }) => subsidiaryOf !== null),
      ).toHaveLength(15);
      const ofAgents = await Promise.all(agents.map(({ id }: { id: string }) => counted({ ownerId: id })));
      expect(ofAgents.filter(({ totalCount }) => totalCount > 0)).toHaveLength(30);
      expect(ofAgents.reduce((sum, { totalCount }) => sum + totalCount, 0)).toBe(8_800);
      const ofCompanies = await Promise.all(
        companies.nodes.map(({ id }: { id: string }) => counted({ companyId: id })),
      );
      expect(8_800 - ofCompanies.reduce((sum, { totalCount }) => sum + totalCount, 0)).toBe(1_425);
      const ofProducts = await Promise.all(products.nodes.map(({ id }: { id: string }) => counted({ productId: id })));
      expect(8_800 - ofProducts.reduce((sum, { totalCount }) => sum + totalCount, 0)).toBe(1_480);
    });
  });

  test('has every deal as the export has it: dates with the month first, GTXPro kept as text', async () => {
    const PAGE = `query ($after: String) { deals(first: 200, after: $after, orderBy: [{ field: CREATED_AT }]) {
      nodes { externalId stage engageDate closeDate valueMinor currency productText product { name } company { name } owner { name } }
      pageInfo { hasNextPage endCursor } } }`;
    await asked(async (ask) => {
      const found = new Map<string, Record<string, unknown>>();
      for (let after: string | null = null; ; ) {
        const { deals } = await ask(PAGE, { after });
        for (const deal of deals.nodes) found.set(deal.externalId, deal);
        if (!deals.pageInfo.hasNextPage) break;
        after = deals.pageInfo.endCursor;
      }
      expect(found.size).toBe(8_800);
      const all = [...found.values()];
      expect(all.filter(({ engageDate }) => engageDate === null)).toHaveLength(500);
      expect(all.filter(({ productText }) => productText === 'GTXPro')).toHaveLength(1_480);
      expect(found.get('1C1I7A6R')).toEqual({
        externalId: '1C1I7A6R',
        stage: 'won',
        engageDate: '2016-10-20',
        closeDate: '2017-03-01',
        valueMinor: 105_400,
        currency: 'USD',
        productText: null,
        product: { name: 'GTX Plus Basic' },
        company: { name: 'Cancity' },
        owner: { name: 'Moses Frase' },
      });
      expect(found.get('Z063OYW0')).toMatchObject({ productText: 'GTXPro', product: null, closeDate: '2017-03-11' });
    });
  });

  test('a second import changes nothing', async () => {
    const head = () => asked(async (ask) => (await historyOf(ask, { type: 'DealUpdated' })).length);
    const status = (await runCli(directory.path(), ['status'])).output;
    const { code, output } = await importAll();
    expect(code).toBe(0);
    expect(output).toContain('company: 0 created, 0 updated, 85 unchanged, 0 left out');
    expect(output).toContain('product: 0 created, 0 updated, 7 unchanged, 0 left out');
    expect(output).toContain('agent: 0 created, 0 updated, 35 unchanged, 0 left out');
    expect(output).toContain('deal: 0 created, 0 updated, 8800 unchanged, 0 left out');
    expect((await runCli(directory.path(), ['status'])).output).toBe(status);
    expect(await head()).toBe(0);
  }, 120_000);
});
