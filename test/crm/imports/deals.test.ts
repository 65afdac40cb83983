import { readCsv } from '../../../src/crm/imports/csv.js';
import { type DateOrder } from '../../../src/crm/imports/dates.js';
import { readDeals } from '../../../src/crm/imports/deals.js';
import { applyMapping, guessMapping } from '../../../src/crm/imports/mapping.js';

const importDeals = (text: string, currencyDigits = 2, dateOrder?: DateOrder) => {
  const { header, rows } = readCsv(text);
  return readDeals(applyMapping('deal', rows, guessMapping(header, 'deal')), { currencyDigits, dateOrder });
};

const header = 'deal id,deal name,owner,product,account,stage,engage date,close date,value';

describe('deals from a CSV', () => {
  test('are read with every field', () => {
    const { deals, problems } = importDeals(
      `${header}\nD-1,New desks,Ida Berg,Desk,Fjord AS,Won,10/25/2016,3/1/2017,"1,054.50"\n,,,,,Prospecting,,,\n`,
    );
    expect(problems).toEqual([]);
    expect(deals).toEqual([
      {
        line: 2,
        externalId: 'D-1',
        title: 'New desks',
        ownerName: 'Ida Berg',
        productName: 'Desk',
        companyName: 'Fjord AS',
        stage: 'Won',
        engageDate: '2016-10-25',
        closeDate: '2017-03-01',
        valueMinor: 105_450,
      },
      { line: 3, stage: 'Prospecting' },
    ]);
  });

  test('a bad cell is reported and left out, its row kept', () => {
    const { deals, problems } = importDeals(`${header}\nD-1,,,,,Won,2/31/2017,12/24/2017,lots\n`);
    expect(deals).toEqual([{ line: 2, externalId: 'D-1', stage: 'Won', closeDate: '2017-12-24' }]);
    expect(problems).toEqual([
      { line: 2, column: 7, field: 'engageDate', code: 'BAD_DATE', reason: 'The value is not a date.' },
      { line: 2, column: 9, field: 'value', code: 'BAD_NUMBER', reason: 'The value is not a number.' },
    ]);
  });

  test('a row without a stage is reported and left out', () => {
    const { deals, problems } = importDeals(`${header}\nD-1,,,,,,,,5\nD-2,,,,,Lost,,,\n`);
    expect(deals).toEqual([{ line: 3, externalId: 'D-2', stage: 'Lost' }]);
    expect(problems).toMatchObject([{ line: 2, column: 6, field: 'stage', code: 'MISSING_VALUE' }]);
  });

  test('all dates of a file tell its order together, or else a person does, or else nothing is guessed', () => {
    const first = (text: string, order?: DateOrder) => importDeals(text, 2, order).deals[0];
    expect(first('stage,engage date,close date\nWon,3/1/2017,\nWon,,25/3/2017\n')).toMatchObject({
      engageDate: '2017-01-03',
    });
    expect(first('stage,close date\nWon,3/1/2017\n', 'month-first')).toMatchObject({ closeDate: '2017-03-01' });
    const { deals, problems } = importDeals('stage,close date\nWon,3/1/2017\n');
    expect(deals).toEqual([{ line: 2, stage: 'Won' }]);
    expect(problems).toMatchObject([{ line: 2, column: 2, code: 'AMBIGUOUS_DATE' }]);
  });

  test('amounts are in the minor units of their currency', () => {
    expect(importDeals('stage,value\nWon,1054\n', 0).deals[0]).toMatchObject({ valueMinor: 1_054 });
    expect(importDeals('stage,value\nWon,1054.5\n', 0).problems).toMatchObject([{ code: 'TOO_PRECISE' }]);
  });
});
