/** Shorter ones are refused for their length. */
const MIN_LENGTH = 8;

let list: Promise<ReadonlySet<string>> | undefined;

/** Loaded on first use: only who sets a password needs it. */
const commonPasswords = (): Promise<ReadonlySet<string>> => {
  list ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].filter((each) => each.length >= MIN_LENGTH)),
  );
  return list;
};

/**
 * Whether a password is one of those that are tried first (NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 5, 6.2.4 and
 * 6.2.11): in the list of breached and common passwords, whatever its case, or one of the person's own `words`, their
 * name or address.
 */
export const isCommonPassword = async (password: string, words: readonly string[]): Promise<boolean> => {
  const folded = password.toLowerCase();
  const own = words.flatMap((word) => [word, word.split('@')[0]!]).map((word) => word.toLowerCase());
  return own.includes(folded) || (await commonPasswords()).has(folded);
};
