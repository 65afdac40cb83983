import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAgents } from '../../src/crm/imports/agents.js';
import { readCompanies } from '../../src/crm/imports/companies.js';
import { readCsv } from '../../src/crm/imports/csv.js';
import { readDeals } from '../../src/crm/imports/deals.js';
import { applyMapping, guessMapping, type ImportKind } from '../../src/crm/imports/mapping.js';
import { readProducts } from '../../src/crm/imports/products.js';
import { decodeText } from '../../src/crm/imports/text.js';
import { describeReal } from './realData.js';

describeReal('crm-sales', 'the sales pipeline of a hardware reseller', (folder) => {
  const mappedRows = (name: string, kind: ImportKind) => {
    const { header, rows, problems } = readCsv(decodeText(readFileSync(join(folder, name))));
    expect(problems).toEqual([]);
    return applyMapping(kind, rows, guessMapping(header, kind));
  };
  const importDeals = () => readDeals(mappedRows('sales_pipeline.csv', 'deal'), { currencyDigits: 2 });

  test('all 8,800 deals are read, in their stages and with their worth', () => {
    const { deals, problems } = importDeals();
    expect(problems).toEqual([]);
    expect(deals).toHaveLength(8_800);
    const inStage = (stage: string) => deals.filter((deal) => deal.stage === stage);
    const stages = Object.fromEntries(['Won', 'Lost', 'Engaging', 'Prospecting'].map((s) => [s, inStage(s).length]));
    expect(stages).toEqual({ Won: 4_238, Lost: 2_473, Engaging: 1_589, Prospecting: 500 });
    const worth = inStage('Won').reduce((sum, { valueMinor = 0 }) => sum + valueMinor, 0);
    expect(worth).toBe(1_000_553_400);
  });

  test('the blanks of the export stay blanks', () => {
    const { deals } = importDeals();
    expect(deals.filter(({ companyName }) => companyName === undefined)).toHaveLength(1_425);
    expect(deals.filter(({ engageDate }) => engageDate === undefined)).toHaveLength(500);
  });

  test('dates are read with the month first', () => {
    expect(importDeals().deals[0]).toEqual({
      line: 2,
      externalId: '1C1I7A6R',
      ownerName: 'Moses Frase',
      productName: 'GTX Plus Basic',
      companyName: 'Cancity',
      stage: 'Won',
      engageDate: '2016-10-20',
      closeDate: '2017-03-01',
      valueMinor: 105_400,
    });
  });

  test('85 companies, 7 products and 35 agents are read', () => {
    const { companies, problems } = readCompanies(mappedRows('accounts.csv', 'company'));
    expect(problems).toEqual([]);
    expect(companies).toHaveLength(85);
    expect(companies[0]).toMatchObject({ yearEstablished: 1996, revenue: 1100.04, employees: 2822 });
    const { products } = readProducts(mappedRows('products.csv', 'product'), { currencyDigits: 2 });
    expect(products).toHaveLength(7);
    expect(products[0]).toEqual({ line: 2, name: 'GTX Basic', series: 'GTX', priceMinor: 55_000 });
    const { agents } = readAgents(mappedRows('sales_teams.csv', 'agent'));
    expect(agents).toHaveLength(35);
    expect(agents[0]).toMatchObject({ manager: 'Dustin Brinkmann', office: 'Central' });
  });
});
