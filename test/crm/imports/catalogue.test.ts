import { readAgents } from '../../../src/crm/imports/agents.js';
import { readCompanies } from '../../../src/crm/imports/companies.js';
import { readCsv } from '../../../src/crm/imports/csv.js';
import { applyMapping, guessMapping, type ImportKind } from '../../../src/crm/imports/mapping.js';
import { readProducts } from '../../../src/crm/imports/products.js';

const rowsOf = (text: string, kind: ImportKind) => {
  const { header, rows } = readCsv(text);
  return applyMapping(kind, rows, guessMapping(header, kind));
};

describe('companies from a CSV', () => {
  const header = 'account,sector,year_established,revenue,employees,office_location,subsidiary_of\n';

  test('are read with every field', () => {
    const { companies, problems } = readCompanies(
      rowsOf(`${header}Fjord AS,fishing,1996,"1,100.04","2,822",Norway,Nordhav\nGranit,,,,,,\n`, 'company'),
    );
    expect(problems).toEqual([]);
    expect(companies).toEqual([
      {
        line: 2,
        name: 'Fjord AS',
        sector: 'fishing',
        yearEstablished: 1996,
        revenue: 1100.04,
        employees: 2822,
        location: 'Norway',
        subsidiaryOf: 'Nordhav',
      },
      { line: 3, name: 'Granit' },
    ]);
  });

  test('a number that is none is reported and left out, and so is a company without a name', () => {
    const { companies, problems } = readCompanies(
      rowsOf(`${header}Fjord AS,,96,much,-3,,\n,fishing,,,,,\n`, 'company'),
    );
    expect(companies).toEqual([{ line: 2, name: 'Fjord AS' }]);
    expect(problems).toMatchObject([
      { line: 2, column: 3, field: 'yearEstablished', code: 'BAD_NUMBER' },
      { line: 2, column: 4, field: 'revenue', code: 'BAD_NUMBER' },
      { line: 2, column: 5, field: 'employees', code: 'BAD_NUMBER' },
      { line: 3, column: 1, field: 'name', code: 'MISSING_VALUE' },
    ]);
  });
});

describe('products from a CSV', () => {
  test('have their price in minor units', () => {
    const rows = rowsOf('product;series;sales_price\nDesk;Oak;€ 1.550,00\nChair;;\nLamp;;dear\n', 'product');
    const { products, problems } = readProducts(rows, { currencyDigits: 2 });
    expect(products).toEqual([
      { line: 2, name: 'Desk', series: 'Oak', priceMinor: 155_000 },
      { line: 3, name: 'Chair' },
      { line: 4, name: 'Lamp' },
    ]);
    expect(problems).toMatchObject([{ line: 4, column: 3, field: 'price', code: 'BAD_NUMBER' }]);
  });
});

describe('agents from a CSV', () => {
  test('have a manager and an office, and at least a name', () => {
    const { agents, problems } = readAgents(
      rowsOf('sales_agent,manager,regional_office\nIda Berg,Per Dal,West\n,Per Dal,East\n', 'agent'),
    );
    expect(agents).toEqual([{ line: 2, name: 'Ida Berg', manager: 'Per Dal', office: 'West' }]);
    expect(problems).toMatchObject([{ line: 3, column: 1, field: 'name', code: 'MISSING_VALUE' }]);
  });
});
