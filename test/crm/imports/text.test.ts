import fc from 'fast-check';
import { decodeText } from '../../../src/crm/imports/text.js';

const wrongEncoding = expect.objectContaining({ code: 'WRONG_ENCODING' });
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();

describe('bytes become text', () => {
  test('any text survives UTF-8, with and without a byte order mark', () => {
    const text = fc.string({ unit: 'binary' }).filter((each) => !/[\0\ufeff]/.test(each));
    fc.assert(
      fc.property(text, (written) => {
        expect(decodeText(Buffer.from(written))).toBe(written);
        expect(decodeText(Buffer.from(`\ufeff${written}`))).toBe(written);
      }),
    );
  });

  test('UTF-16 is recognised by its byte order mark, in both orders', () => {
    const text = 'Zoë Ærøskøbing, 東京';
    expect(decodeText(Buffer.from(`\ufeff${text}`, 'utf16le'))).toBe(text);
    expect(decodeText(utf16be(`\ufeff${text}`))).toBe(text);
  });

  test('UTF-16 without a mark is recognised by its NUL bytes', () => {
    const text = 'name;city\nJosé;Łódź\n';
    expect(decodeText(Buffer.from(text, 'utf16le'))).toBe(text);
    expect(decodeText(utf16be(text))).toBe(text);
  });

  test('bytes that are not UTF-8 are Windows-1252, its quotes and euro sign included', () => {
    expect(decodeText(Buffer.from([0x4a, 0x6f, 0x73, 0xe9]))).toBe('José');
    expect(decodeText(Buffer.from([0x80, 0x20, 0x93, 0x4f, 0x92, 0x94, 0x9f]))).toBe('€ “O’”Ÿ');
  });

  test('an encoding that is asked for overrides what the bytes look like', () => {
    const bytes = Buffer.from('é');
    expect(decodeText(bytes)).toBe('é');
    expect(decodeText(bytes, 'windows-1252')).toBe('Ã©');
    expect(decodeText(Buffer.from([0xb1]), 'iso-8859-2')).toBe('ą');
    expect(decodeText(utf16be('né'), 'utf-16be')).toBe('né');
  });

  test('bytes that do not fit the encoding asked for, and an encoding nobody knows, are refused', () => {
    expect(() => decodeText(Buffer.from([0xe9, 0x20]), 'utf-8')).toThrow(wrongEncoding);
    expect(() => decodeText(Buffer.from('x'), 'klingon')).toThrow(wrongEncoding);
  });

  test('binary is refused', () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000', 'hex');
    expect(() => decodeText(png)).toThrow(wrongEncoding);
    expect(() => decodeText(Buffer.from('a\0b'))).toThrow(wrongEncoding);
    expect(() => decodeText(Buffer.from('fffe0000410000004200000043000000', 'hex'))).toThrow(wrongEncoding);
  });

  test('an empty file is an empty text', () => {
    expect(decodeText(new Uint8Array())).toBe('');
  });
});
