import fc from 'fast-check';
import { type Delimiter, readCsv } from '../../../src/crm/imports/csv.js';

const lines = (...each: string[]) => each.join('\n');
const places = (text: string) => readCsv(text).problems.map(({ line, column, code }) => [line, column, code]);
const cells = (text: string) => readCsv(text).rows.map((row) => row.cells);

describe('reading a CSV', () => {
  test('gives the header, and each row with the line it begins on', () => {
    expect(readCsv(lines('name,city', 'Ada,London', '', '"Bo\nLee",Oslo', 'Cy,Rome', ''))).toEqual({
      header: ['name', 'city'],
      rows: [
        { line: 2, cells: ['Ada', 'London'] },
        { line: 4, cells: ['Bo\nLee', 'Oslo'] },
        { line: 6, cells: ['Cy', 'Rome'] },
      ],
      problems: [],
    });
  });

  test.each([',', ';', '\t', '|'])('the delimiter %j is detected', (delimiter) => {
    const text = lines('name~note~price', 'Ada~"1,5; or | so"~2', 'Bo~x~3').replaceAll('~', delimiter);
    expect(cells(text)).toEqual([
      ['Ada', '1,5; or | so', '2'],
      ['Bo', 'x', '3'],
    ]);
  });

  test('decimal commas do not make a comma the delimiter', () => {
    expect(cells(lines('name;price', 'Ada;1,5', 'Bo;2,5'))).toEqual([
      ['Ada', '1,5'],
      ['Bo', '2,5'],
    ]);
  });

  test('a comma in the name of a column does not make it the delimiter either', () => {
    expect(readCsv(lines('Name (last, first);Mail', 'Berg;ida@home.example')).header).toEqual([
      'Name (last, first)',
      'Mail',
    ]);
  });

  test('a delimiter can be named, by the caller or by the file in the way of Excel', () => {
    expect(readCsv('a;b,c\n1;2,3', { delimiter: ',' }).header).toEqual(['a;b', 'c']);
    expect(readCsv('sep=;\na,b;c\n1;2')).toMatchObject({
      header: ['a,b', 'c'],
      rows: [{ line: 3, cells: ['1', '2'] }],
    });
  });

  test('line ends of Windows, Unix and the old Macintosh are alike', () => {
    for (const end of ['\r\n', '\n', '\r'])
      expect(cells(`a,b${end}1,2${end}3,4`)).toEqual([
        ['1', '2'],
        ['3', '4'],
      ]);
  });

  test('empty cells at the end do no harm, nor do rows without any value', () => {
    const { header, rows, problems } = readCsv(lines('a,b,,', '1,2,,', '3,4', '5,6,,,,', ',,', ' , '));
    expect(header).toEqual(['a', 'b']);
    expect(rows.map((row) => row.cells)).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ]);
    expect(problems).toEqual([]);
  });

  test('a stray quote inside a cell is part of it', () => {
    expect(cells(lines('item,size', 'pipe 5",2', 'a "b" c,3', '"say ""hi""",4'))).toEqual([
      ['pipe 5"', '2'],
      ['a "b" c', '3'],
      ['say "hi"', '4'],
    ]);
  });

  test('a file without a header is refused', () => {
    const malformed = expect.objectContaining({ code: 'MALFORMED_FILE' });
    expect(() => readCsv('')).toThrow(malformed);
    expect(() => readCsv('\n  \n')).toThrow(malformed);
    expect(() => readCsv('a,"b\n1,2')).toThrow(malformed);
  });

  test('a header alone is a file without rows', () => {
    expect(readCsv('a,b\n')).toEqual({ header: ['a', 'b'], rows: [], problems: [] });
  });
});

describe('rows that are not whole', () => {
  test('are reported with line and column, and cost none of the others', () => {
    const text = lines('a,b,c', '1,2,3', '4,5', '6,7,8,9', '10,"11', '12,13,14', '15,"16" x,17', '18,19,20');
    expect(places(text)).toEqual([
      [3, 3, 'TOO_FEW_COLUMNS'],
      [4, 4, 'TOO_MANY_COLUMNS'],
      [5, 2, 'TORN_ROW'],
    ]);
    expect(cells(text)).toEqual([
      ['1', '2', '3'],
      ['12', '13', '14'],
      ['15', '"16" x', '17'],
      ['18', '19', '20'],
    ]);
  });

  test('an unclosed quote does not reach for the quotes of later rows', () => {
    const text = lines('a,b,c', '1,"torn', '2,x,y', '3,"whole, quite",z', '4,"torn too', '5,x,y');
    expect(places(text)).toEqual([
      [2, 2, 'TORN_ROW'],
      [5, 2, 'TORN_ROW'],
    ]);
    expect(cells(text)).toEqual([
      ['2', 'x', 'y'],
      ['3', 'whole, quite', 'z'],
      ['5', 'x', 'y'],
    ]);
  });

  test('rows between two torn ones are not swallowed as the text of a cell', () => {
    const text = lines(
      'a,b,c,d,e,f,g,h,',
      '1,2,3,4,5,6,7,"torn',
      '1,2,3,4,5,6,7,8,',
      '9,"0, and",1,2,3,4,5,6,',
      '1,2,3,4,5,6,7,"',
    );
    expect(cells(text)).toEqual([
      ['1', '2', '3', '4', '5', '6', '7', '8'],
      ['9', '0, and', '1', '2', '3', '4', '5', '6'],
    ]);
    expect(places(text).map(([line]) => line)).toEqual([2, 5]);
  });

  test('a note of several lines is no torn row, even with commas on each line and empty cells after it', () => {
    expect(cells(lines('name,note,,', 'Ida,"Milk, eggs', 'Bread, butter, jam, salt', 'Tea",,'))).toEqual([
      ['Ida', 'Milk, eggs\nBread, butter, jam, salt\nTea'],
    ]);
  });

  test('no value of a row is in its problem', () => {
    const text = lines('name,mail', 'Secret,"person', 'Secret', 'Secret,x,person');
    expect(readCsv(text).problems).toHaveLength(3);
    expect(JSON.stringify(readCsv(text).problems)).not.toMatch(/secret|person/i);
  });
});

describe('whatever the cells are', () => {
  const delimiter = fc.constantFrom<Delimiter>(',', ';', '\t', '|');
  const cell = fc
    .string({ unit: fc.constantFrom('a', 'é', '🦉', ' ', '"', ',', ';', '\t', '|', '\n'), maxLength: 8 })
    .map((text) => `x${text}x`);
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width })));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const written = (rows: string[][], mark: Delimiter) => rows.map((row) => row.map(quoted).join(mark));

  test('quoted they are read as they were', () => {
    fc.assert(
      fc.property(table, delimiter, (rows, mark) => {
        const header = Array.from({ length: rows[0]?.length ?? 2 }, (_, index) => `h${index}`);
        const text = lines(header.join(mark), ...written(rows, mark));
        expect(readCsv(text)).toMatchObject({ rows: rows.map((row) => ({ cells: row })), problems: [] });
      }),
    );
  });

  test('half lines before, between and after whole rows cost none of them', () => {
    const singleLine = cell.map((text) => text.replaceAll('\n', ' '));
    const row = fc.tuple(singleLine, singleLine, singleLine);
    const torn = fc.tuple(row, fc.nat({ max: 8 })).map(([each, kept]) => {
      const [line] = written([each], ',');
      return line!.slice(0, 2 + Math.min(kept, each[0].length));
    });
    const file = fc.array(fc.oneof(row, torn), { maxLength: 20 });
    fc.assert(
      fc.property(file, (parts) => {
        const whole = parts.filter((part) => typeof part !== 'string');
        const text = lines(
          'a,b,c',
          ...parts.map((part) => (typeof part === 'string' ? part : written([part], ',')[0]!)),
        );
        const read = readCsv(text);
        expect(read.rows.map((each) => each.cells)).toEqual(whole);
        expect(read.problems).toHaveLength(parts.length - whole.length);
      }),
    );
  });
});
