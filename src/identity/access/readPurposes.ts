import { type Purpose, purposes } from '../../privacy/consent/events.js';
import type { Role } from './roles.js';

/** What personal data is read for. For some of it the person has a say: then only those who have said yes are shown. */
export const readPurposes = ['SERVICE', 'SUPPORT', 'SECURITY', 'LEGAL_OBLIGATION', ...purposes] as const;
export type ReadPurpose = (typeof readPurposes)[number];

/** What a member reads for where the request does not say. */
export const purposeOf = (role: Role | undefined): ReadPurpose =>
  role === 'COMPLIANCE' || role === 'AUDITOR' ? 'LEGAL_OBLIGATION' : 'SERVICE';

/** A purpose by its name, whatever its case, with `-` or `_`; `undefined` where there is no such. */
export const purposeNamed = (name: string): ReadPurpose | undefined => {
  const asked = name.toUpperCase().replaceAll('-', '_');
  return readPurposes.find((each) => each === asked);
};

/** The purpose, where it is one that people consent to; `null` for what stands on another ground. */
export const consentNeededFor = (purpose: ReadPurpose): Purpose | null =>
  purposes.find((each) => each === purpose) ?? null;
