import fc from 'fast-check';
import { readVCards } from '../../../src/crm/imports/vcard.js';

const lines = (...each: string[]) => each.join('\n');
const whole = (name: string) => ['BEGIN:VCARD', 'VERSION:3.0', `FN:${name}`, 'END:VCARD'];
const outcome = (text: string) => {
  const { cards, problems } = readVCards(text);
  return {
    names: cards.map(({ formattedName }) => formattedName),
    problems: problems.map(({ line, column, card, code }) => [line, column, card, code]),
  };
};

describe('a torn card costs none of the others', () => {
  test('when its end is missing, in the middle of a file or at its end', () => {
    const torn = whole('Torn').slice(0, 3);
    expect(outcome(lines(...torn, ...whole('Ida'), ...torn))).toEqual({
      names: ['Ida'],
      problems: [
        [1, 1, 1, 'CARD_NOT_ENDED'],
        [8, 1, 3, 'CARD_NOT_ENDED'],
      ],
    });
  });

  test('when its beginning is missing, which is reported once', () => {
    const torn = whole('Torn').slice(1);
    expect(outcome(lines(...torn, ...whole('Ida'), ...torn))).toEqual({
      names: ['Ida'],
      problems: [
        [1, 1, undefined, 'CARD_NOT_BEGUN'],
        [8, 1, undefined, 'CARD_NOT_BEGUN'],
      ],
    });
  });

  test('when two have run together, and whose is what cannot be told', () => {
    const together = [...whole('Torn').slice(0, 3), ...whole('Torn too').slice(1)];
    expect(outcome(lines(...together, ...whole('Ida')))).toEqual({
      names: ['Ida'],
      problems: [[1, 1, 1, 'CARDS_RUN_TOGETHER']],
    });
  });

  test('when it ends in a soft line break, or where an agent would begin', () => {
    for (const end of ['NOTE;ENCODING=QUOTED-PRINTABLE:half=', 'AGENT:']) {
      expect(outcome(lines('BEGIN:VCARD', 'VERSION:2.1', end, ...whole('Ida'), ...whole('Per')))).toEqual({
        names: ['Ida', 'Per'],
        problems: [[1, 1, 1, 'CARD_NOT_ENDED']],
      });
    }
  });

  test('even where what remains of two torn ones looks like a card around it', () => {
    expect(outcome(lines('BEGIN:VCARD', 'VERSION:3.0', 'AGENT:', ...whole('Ida'), 'END:VCARD'))).toEqual({
      names: ['Ida'],
      problems: [
        [1, 1, 1, 'CARD_NOT_ENDED'],
        [8, 1, undefined, 'CARD_NOT_BEGUN'],
      ],
    });
  });

  test('when it says nothing at all', () => {
    expect(
      outcome(lines('BEGIN:VCARD', 'VERSION:3.0', 'PRODID:-//Fjord//1//EN', 'END:VCARD', ...whole('Ida'))),
    ).toEqual({
      names: ['Ida'],
      problems: [[1, 1, 1, 'MISSING_VALUE']],
    });
  });

  test('and a file that is something else has no card', () => {
    expect(outcome('name,mail\nIda,ida@home.example\n')).toEqual({
      names: [],
      problems: [[1, 1, undefined, 'CARD_NOT_BEGUN']],
    });
    expect(outcome('')).toEqual({ names: [], problems: [] });
  });
});

describe('a bad line costs its card no more than that line', () => {
  test('when it is no property', () => {
    expect(outcome(lines('BEGIN:VCARD', 'VERSION:3.0', '%%%', ' folded', 'FN:Ida', 'END:VCARD'))).toEqual({
      names: ['Ida'],
      problems: [[3, 1, 1, 'GARBAGE_LINE']],
    });
  });

  test('when its value is bad; what could be read is kept', () => {
    const text = lines(
      'BEGIN:VCARD',
      'VERSION:3.0',
      'FN:Ida',
      'EMAIL;TYPE=HOME:ida at home',
      'BDAY:31 June',
      'END:VCARD',
    );
    expect(outcome(text)).toEqual({
      names: ['Ida'],
      problems: [
        [4, 17, 1, 'BAD_EMAIL'],
        [5, 6, 1, 'BAD_DATE'],
      ],
    });
    expect(readVCards(text).cards[0]).toMatchObject({
      emails: [],
      other: [
        { name: 'EMAIL', value: 'ida at home' },
        { name: 'BDAY', value: '31 June' },
      ],
    });
  });

  test('when its bytes do not fit the character set it declares', () => {
    const text = lines('BEGIN:VCARD', 'VERSION:2.1', 'FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Zo=EB', 'END:VCARD');
    expect(outcome(text)).toEqual({ names: ['Zo\ufffd'], problems: [[3, 44, 1, 'BAD_TEXT']] });
  });
});

describe('whatever is torn', () => {
  const shard = fc.constantFrom(
    ...['END:VCARD', 'VERSION:3.0', 'FN:Torn', 'N:Torn;', ' folded', '\tfolded', 'no property', 'AGENT:', 'NOTE:half'],
    ...[
      'NOTE;ENCODING=QUOTED-PRINTABLE:half=',
      'PHOTO;ENCODING=b:AAAA',
      'AAAA',
      '',
      ';;;',
      'TEL;TYPE="open:1',
      'BEGIN:VC',
    ],
  );
  const torn = fc.tuple(fc.boolean(), fc.array(shard, { maxLength: 5 })).map(([begun, shards]) => ({
    lines: begun ? ['BEGIN:VCARD', ...shards] : shards,
  }));
  const intact = fc.nat({ max: 99 }).map((number) => ({ name: `Whole ${number}`, lines: whole(`Whole ${number}`) }));

  test('no intact card is lost, changed or doubled', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(torn, intact), { maxLength: 12 }), (parts) => {
        const expected = parts.flatMap((part) => ('name' in part ? [part.name] : []));
        const { names } = outcome(lines(...parts.flatMap((part) => part.lines)));
        expect(names.filter((name) => name?.startsWith('Whole'))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('no value of a card is in a problem', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(torn, intact), { maxLength: 12 }), (parts) => {
        const { problems } = readVCards(lines(...parts.flatMap((part) => part.lines)));
        for (const { reason } of problems) expect(reason).not.toMatch(/Whole|Torn|folded/);
        expect(problems.every((each) => each.line >= 1 && (each.column ?? 0) >= 1)).toBe(true);
      }),
    );
  });
});
