import type { Channel } from '../consent/events.js';

/** Where a person can be reached, as it was entered. */
export interface Reach {
  readonly emails: readonly string[];
  readonly phones: readonly string[];
}

/** An address as it is compared, and the channels that go over it. */
export interface Address {
  readonly kind: 'email' | 'phone';
  readonly value: string;
  readonly channels: readonly Channel[];
}

const EMAIL: readonly Channel[] = ['EMAIL'];
const PHONE: readonly Channel[] = ['PHONE', 'SMS', 'MESSENGER'];

/** Fewer digits are an extension within a house, not somebody's number. */
const MIN_DIGITS = 6;

/** Without case: no provider in use tells mailboxes apart by it. */
export const comparedEmail = (email: string): string => email.normalize('NFKC').trim().toLowerCase();

/**
 * Digits alone, without an extension and the prefix for abroad (`+`, `00`); `null` for what is no number of a person's.
 * A number in its national form is another text than the same in its international form: which country is not known here.
 */
export const comparedPhone = (phone: string): string | null => {
  const [number = ''] = phone.normalize('NFKC').split(/(?:;|,|#|\bext\b|\bx(?=[\s\d.])|durchwahl)/i);
  const digits = number.replace(/\D/g, '').replace(/^00/, '');
  return digits.length < MIN_DIGITS ? null : digits;
};

/** Each address once. */
export const addressesIn = ({ emails, phones }: Reach): readonly Address[] => {
  const found = new Map<string, Address>();
  for (const email of emails) {
    const value = comparedEmail(email);
    found.set(`email ${value}`, { kind: 'email', value, channels: EMAIL });
  }
  for (const phone of phones) {
    const value = comparedPhone(phone);
    if (value !== null) found.set(`phone ${value}`, { kind: 'phone', value, channels: PHONE });
  }
  return [...found.values()];
};
