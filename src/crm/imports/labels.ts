const known: Readonly<Record<string, string>> = {
  work: 'work',
  business: 'work',
  office: 'work',
  home: 'home',
  personal: 'home',
  private: 'home',
  mobile: 'mobile',
  cell: 'mobile',
  cellular: 'mobile',
  cellphone: 'mobile',
  iphone: 'mobile',
  fax: 'fax',
  pager: 'pager',
  other: 'other',
};

/** Words that say how a value is used, not what it is for; so also Outlook's kinds of e-mail server, EX and SMTP. */
const silent = new Set(
  ['voice msg pref internet x400 postal parcel dom intl text video textphone modem isdn bbs pcs'] // vCard
    .concat('phone telephone tel number email mail address primary ex smtp')
    .flatMap((words) => words.split(' ')),
);

const precedence = ['fax', 'pager', 'mobile', 'work', 'home', 'other'];

/** Apple writes its own labels as `_$!<Home>!$_`. */
export const unwrapLabel = (label: string): string => label.replace(/^_\$!<(.*)>!\$_$/, '$1').trim();

const wordsOf = (label: string): string[] =>
  Object.hasOwn(known, label.toLowerCase())
    ? [label.toLowerCase()]
    : label.split(/[\s_-]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());

const knownLabel = (label: string): string | undefined => {
  const words = wordsOf(label);
  if (!words.every((word) => Object.hasOwn(known, word) || silent.has(word))) return undefined;
  const labels = words.map((word) => known[word]);
  return precedence.find((candidate) => labels.includes(candidate)) ?? 'other';
};

/**
 * The label for what a file says of a value: any number of vCard types, or one label of a CSV or of Apple's.
 * The more telling word wins (a work fax is a fax); words that nobody standardised are a person's own label, as written.
 */
export function labelOf(written: readonly string[]): string {
  const labels = written.map(unwrapLabel).filter((label) => label !== '');
  const own = labels.find((label) => knownLabel(label) === undefined);
  const standard = labels.map(knownLabel).filter((label) => label !== undefined && label !== 'other');
  return precedence.find((candidate) => standard.includes(candidate)) ?? own?.replace(/^x-/i, '') ?? 'other';
}
