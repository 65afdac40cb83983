import fc from 'fast-check';
import { dateKey, fold, numberKey, queryWords, sortKey, words } from '../../projections/tokens.js';

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Any Unicode, lone surrogates included, with what matters to a tokeniser more often than chance has it. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        'anna',
        'Ann',
        ' ',
        '.',
        '@',
        '-',
        '"',
        'é',
        'ß',
        'Σ',
        'İ',
        'ŉ',
        '田',
        '中',
        'カ',
        'ー',
        '각',
        '2',
        '٣',
        'हिन्दी',
        'a@b.example',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
);

const finds = (query: readonly string[], found: readonly string[]): boolean =>
  query.every((word) =>
    word.endsWith('*') ? found.some((each) => each.startsWith(word.slice(0, -1))) : found.includes(word),
  );

describe('folding', () => {
  test.each([
    ['Müller', 'muller'],
    ['STRASSE', 'strasse'],
    ['Straße', 'strasse'],
    ['ÉCOLE', 'ecole'],
    ['Œuvre', 'œuvre'],
    ['Łukasz', 'lukasz'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
    ['Ὀδυσσεύς', 'οδυσσευσ'],
    ['İstanbul', 'istanbul'],
    ['ılık', 'ilik'],
    ['ﬁancée', 'fiancee'],
    ['Ｔｏｋｙｏ', 'tokyo'],
    ['مُحَمَّد', 'محمد'],
    ['שָׁלוֹם', 'שלום'],
    ['हिन्दी', 'हिन्दी'],
    ['ガ', 'ガ'],
    ['ｶﾞ', 'ガ'],
    ['한국', '한국'],
  ])('%s is %s', (written, folded) => {
    expect(fold(written)).toBe(folded);
    expect(fold(written.normalize('NFD'))).toBe(folded);
  });

  test('twice is folding once', () => {
    fc.assert(
      fc.property(text, (any) => expect(fold(fold(any))).toBe(fold(any))),
      { numRuns: 2000 },
    );
  });

  test('does not depend on case or on how a text is composed', () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(fold(any.toUpperCase())).toBe(fold(any));
        expect(fold(any.normalize('NFD'))).toBe(fold(any));
        expect(fold(any.normalize('NFC'))).toBe(fold(any));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('words', () => {
  test('are runs of letters and digits, folded, each once', () => {
    expect(words('Anne-Marie  O’Brien', undefined, 'anne 3M', '')).toEqual(['anne', 'marie', 'o', 'brien', '3m']);
  });

  test('of an e-mail address are the whole and its parts', () => {
    expect(words('Grace.Hopper+crm@Navy.example.')).toEqual([
      'grace.hopper+crm@navy.example',
      'grace',
      'hopper',
      'crm',
      'navy',
      'example',
    ]);
  });

  test('of scripts without spaces are pairs of characters and the last one', () => {
    expect(words('田中太郎')).toEqual(['田中', '中太', '太郎', '郎']);
    expect(words('田')).toEqual(['田']);
    expect(words('Sony株式会社2024')).toEqual(['sony', '株式', '式会', '会社', '社', '2024']);
    expect(words('𠮷野家')).toEqual(['𠮷野', '野家', '家']);
  });

  test('are bounded in length and number, and never end in half a character', () => {
    expect(words('x'.repeat(500))).toEqual(['x'.repeat(48)]);
    expect(words(`${'x'.repeat(47)}𝒜bc`.normalize('NFC'))[0]!.isWellFormed()).toBe(true);
    expect(words(Array.from({ length: 1000 }, (_, n) => `w${n}`).join(' ')).length).toBe(200);
    fc.assert(
      fc.property(text, (any) => {
        for (const word of words(any)) {
          expect(word.length).toBeLessThanOrEqual(48);
          expect(word.isWellFormed()).toBe(true);
          expect(fold(word)).toBe(word);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of a long text without sense are found in linear time', () => {
    const began = process.cpuUsage();
    words('a.'.repeat(200_000), `${'a'.repeat(400_000)}@`, '@'.repeat(400_000));
    const { user, system } = process.cpuUsage(began);
    expect(user + system).toBeLessThan(3_000_000);
  });
});

describe('a query', () => {
  test('finds what begins as its last word does, unless that is closed by a quotation mark', () => {
    expect(queryWords('Grace Hop')).toEqual(['grace', 'hop*']);
    expect(queryWords('grace "Hopper" ')).toEqual(['grace', 'hopper']);
    expect(queryWords('grace „Hopper“')).toEqual(['grace', 'hopper']);
    expect(queryWords(' , ')).toEqual([]);
    expect(queryWords('田中太')).toEqual(['田中', '中太*']);
    expect(queryWords('田')).toEqual(['田*']);
  });

  test('looks for an e-mail address as a whole, also one that is not yet complete', () => {
    expect(queryWords('Grace.Hopper@navy.ex')).toEqual(['grace.hopper@navy.ex*']);
    expect(queryWords('grace@')).toEqual(['grace*']);
    expect(queryWords('grace@navy.example hopper')).toEqual(['grace@navy.example', 'hopper*']);
  });

  test('has eight words at the most', () => {
    expect(queryWords('a b c d e f g h i j')).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });

  test('with any text finds that text, and any beginning of it', () => {
    fc.assert(
      fc.property(text, fc.nat(), (any, at) => {
        expect(finds(queryWords(any), words(any))).toBe(true);
        for (const word of words(any)) expect(finds(queryWords(word), words(any))).toBe(true);
        const [first] = any.split(/\s/);
        if (first) expect(finds(queryWords(first), words(any, first))).toBe(true);
        const typed = [...fold(any)].slice(0, at % 10).join('');
        if (/^[a-z ]*$/.test(typed)) expect(finds(queryWords(typed), words(any))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('finds a text however it is written', () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(finds(queryWords(any.toUpperCase()), words(any))).toBe(true);
        expect(finds(queryWords(any), words(any.normalize('NFD').toUpperCase()))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a sort key', () => {
  test('goes by the first part, then the next; what is missing comes last', () => {
    const names: [string | undefined, string | undefined][] = [
      ['Lee', 'Ann'],
      ['lee', 'Bea'],
      ['LÉE', undefined],
      ['Lee Smith', 'Ann'],
      ['Leeson', 'Ann'],
      ['ÖBERG', 'Ann'],
      ['Østby', 'Ann'],
      ['李', '四'],
      [undefined, 'Ann'],
      ['—', 'Bea'],
      ['', ''],
    ];
    const keys = names.map((parts) => sortKey(...parts));
    expect([...keys].sort(byBytes)).toEqual(keys);
  });

  test('is bounded and well formed, and keeps the order of what it holds', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [a, b] = [sortKey(one, other), sortKey(other, one)];
        expect(a.length).toBeLessThanOrEqual(40);
        expect(a.isWellFormed()).toBe(true);
        expect(sortKey(fold(one), fold(other))).toBe(a);
        const [first, second] = [sortKey(one), sortKey(other)];
        if (first.length < 20 && second.length < 20 && first !== second) {
          expect(Math.sign(byBytes(a, b))).toBe(Math.sign(byBytes(first, second)));
        }
      }),
      { numRuns: 2000 },
    );
  });

  const integer = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({ min: -40, max: 40 }),
    fc.constantFrom(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, -0),
  );

  test('of numbers orders as the numbers do', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(Math.sign(byBytes(numberKey(a), numberKey(b)))).toBe(Math.sign(a - b || 0));
        expect(numberKey(a).length).toBe(12);
        expect(byBytes(numberKey(a), numberKey(undefined))).toBe(-1);
      }),
      { numRuns: 2000 },
    );
    for (const n of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) expect(() => numberKey(n)).toThrow(TypeError);
  });

  test('of dates orders as time does', () => {
    const instants = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        expect(Math.sign(byBytes(dateKey(a), dateKey(b)))).toBe(Math.sign(Date.parse(a) - Date.parse(b)));
      }),
    );
    const dates = ['1899-12-31', '1970-01-01', '2026-11-24', '2026-11-24T05:31:00.000Z', '2026-11-25', undefined];
    expect(dates.map(dateKey).sort(byBytes)).toEqual(dates.map(dateKey));
    expect(() => dateKey('some day')).toThrow(TypeError);
  });
});

test('letters with a stroke are found without it', () => {
  expect(words('Łódź', 'Søren')).toEqual(['lodz', 'soren']);
  expect(sortKey('Øster')).toBe(sortKey('oster'));
});
