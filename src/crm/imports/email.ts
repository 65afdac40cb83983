/**
 * Whether a text has the form of an address that mail can be sent to: something, one @, a domain; no spaces, and none of
 * the signs with which programs write a name beside an address (RFC 5322 section 3.4).
 */
export const isEmail = (text: string): boolean => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text);
