/*
 * Our own search tokens and sort keys: pure functions of the text, so that every engine finds and sorts alike and the
 * upgrade of one changes neither. What they answer is stored: a change here raises the version of every projection
 * that uses them.
 */

/** UTF-16 units of a word; what is longer is cut, in the text and in the query alike. */
const MAX_WORD = 48;
/** Words of one row. */
const MAX_WORDS = 200;
/** Words of one query. */
const MAX_QUERY_WORDS = 8;
/** UTF-16 units of a sort key. */
const MAX_SORT_KEY = 40;

/** Below every letter, digit and space, so that `Lee` and what follows it stands before `Leeson`. */
const SEPARATOR = '\u0001';
/** The highest code point, a noncharacter: what has no value sorts last. */
const LAST = '\u{10ffff}';

const ASCII = /^[\x00-\x7f]*$/;
const ASCII_WORD = /[a-z0-9]+/g;
/**
 * An e-mail address, or what is on its way to be one, between words. Bounded, so that a long text without an `@` behind
 * its dots is not read again from each of them.
 */
const MAIL =
  /(?<![\p{L}\p{N}\p{M}])[\p{L}\p{N}][\p{L}\p{N}\p{M}._%+'-]{0,63}@[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}.-]{0,62}[\p{L}\p{N}\p{M}])?(?![\p{L}\p{N}\p{M}])/gu;
/** A character of the scripts written without spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30fc]/u;
/** A run of those, or one of other letters and digits with the marks that they carry. */
const WORD = new RegExp(`${UNSPACED.source}+|(?:(?!${UNSPACED.source})[\\p{L}\\p{N}]\\p{M}*)+`, 'gu');
/**
 * Marks that may be left out in writing: accents (the Greek iota below is none, its capital stands beside), Hebrew
 * points, Arabic vowel signs. The vowel signs of Indic scripts and the voicing marks of kana are not among them: without
 * those a word is another word.
 */
const OPTIONAL_MARKS =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the marks are meant by themselves
  /[\u0300-\u0344\u0346-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]/g;

/** Letters with a stroke, which Unicode does not take apart; people search for them without it. */
const STROKES = /[łøđħŧ]/g;
const withoutStroke: { readonly [letter: string]: string } = { ł: 'l', ø: 'o', đ: 'd', ħ: 'h', ŧ: 't' };

/**
 * The text as it is compared: compatibility forms (UAX 15) and case (by way of upper case, as full case folding has it:
 * `ß` is `ss`) set aside, optional marks removed. Folding twice changes nothing.
 */
export const fold = (text: string): string => {
  if (ASCII.test(text)) return text.toLowerCase();
  const bare = text.normalize('NFKD').replace(OPTIONAL_MARKS, '');
  const oneCase = bare.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  const plain = oneCase.replace(STROKES, (letter) => withoutStroke[letter]!);
  return plain.normalize('NFKD').replace(OPTIONAL_MARKS, '').normalize('NFC');
};

/** Cut to a length, but not in the middle of a character. */
const cut = (text: string, length: number): string => {
  if (text.length <= length) return text;
  const isSplit = (text.charCodeAt(length - 1) & 0xfc00) === 0xd800;
  return text.slice(0, isSplit ? length - 1 : length);
};

/** Runs of letters and digits of a folded text, those of scripts without spaces apart from the others. */
const runs = (folded: string): readonly string[] => folded.match(ASCII.test(folded) ? ASCII_WORD : WORD) ?? [];

/**
 * The words that a row is found by, each once, folded: runs of letters and digits; an e-mail address whole as well as by
 * its parts; of scripts without spaces every pair of neighbouring characters, and the last character alone.
 * At most 200, of at most 48 UTF-16 units each.
 */
export const words = (...texts: readonly (string | undefined)[]): string[] => {
  const found = new Set<string>();
  for (const text of texts) {
    if (text === undefined) continue;
    const folded = fold(text);
    if (folded.includes('@')) for (const [address] of folded.matchAll(MAIL)) found.add(cut(address, MAX_WORD));
    for (const run of runs(folded)) addWords(found, run);
  }
  return found.size <= MAX_WORDS ? [...found] : [...found].slice(0, MAX_WORDS);
};

const addWords = (found: Set<string>, run: string): void => {
  if (!UNSPACED.test(run)) {
    found.add(cut(run, MAX_WORD));
    return;
  }
  for (const pair of pairs(run)) found.add(pair);
  found.add([...run].at(-1)!);
};

/** Neighbouring characters, two by two; of a single character that. */
const pairs = (run: string): readonly string[] => {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, i) => characters[i]! + character);
};

/**
 * The words to search for. The last one finds what begins with it (a trailing `*`), so that typing finds as one types;
 * a closing quotation mark says that it is complete. An e-mail address is searched for as a whole.
 * At most 8; none for a text without letters and digits.
 */
export const queryWords = (text: string): string[] => {
  const folded = fold(text);
  const found: string[] = [];
  let done = 0;
  for (const match of folded.matchAll(MAIL)) {
    addQueryWords(found, folded.slice(done, match.index));
    found.push(cut(match[0], MAX_WORD));
    done = match.index + match[0].length;
  }
  addQueryWords(found, folded.slice(done));
  const isComplete = /["”“»«]\s*$/u.test(text) || found.length > MAX_QUERY_WORDS;
  const kept = found.slice(0, MAX_QUERY_WORDS);
  const last = kept.pop();
  if (last === undefined) return [];
  return [...new Set([...kept, isComplete ? last : `${last}*`])];
};

const addQueryWords = (found: string[], folded: string): void => {
  for (const run of runs(folded)) {
    if (UNSPACED.test(run)) found.push(...pairs(run));
    else found.push(cut(run, MAX_WORD));
  }
};

/**
 * A sort key from texts, the first deciding first: folded, so that case, accents and punctuation do not matter. What is
 * missing or has no letters and digits sorts last. At most 40 UTF-16 units.
 */
export const sortKey = (...parts: readonly (string | undefined)[]): string =>
  cut(
    parts.map((part) => (part === undefined ? '' : runs(fold(part)).join(' ')) || LAST).join(SEPARATOR),
    MAX_SORT_KEY,
  );

/** Digits of `Number.MAX_SAFE_INTEGER` in base 36. */
const NUMBER_DIGITS = 11;

/**
 * A sort key from a safe integer, negative ones included, in 12 characters; `undefined` sorts last.
 * Throws TypeError on any other number.
 */
export const numberKey = (n: number | undefined): string => {
  if (n === undefined) return LAST;
  if (!Number.isSafeInteger(n)) throw new TypeError('Only safe integers have a sort key.');
  const [sign, distance] = n < 0 ? ['-', Number.MAX_SAFE_INTEGER + n] : ['0', n];
  return sign + distance.toString(36).padStart(NUMBER_DIGITS, '0');
};

/**
 * A sort key from a date (`2026-11-24`, taken as midnight UTC) or an instant (`2026-11-24T05:31:00.000Z`), half as long
 * as that; `undefined` sorts last. Throws TypeError on what is neither.
 */
export const dateKey = (date: string | undefined): string => {
  if (date === undefined) return LAST;
  const ms = Date.parse(date);
  if (Number.isNaN(ms)) throw new TypeError('Only dates have a sort key.');
  return numberKey(ms);
};
