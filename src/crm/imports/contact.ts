/** A value with what it is for: `work`, `home`, `mobile`, `fax`, `pager`, `other`, or a person's own label as written. */
export interface LabelledValue {
  readonly value: string;
  readonly label: string;
}

/** The components of RFC 6350 section 6.3.1. A street may have several lines. */
export interface ImportedAddress {
  readonly label: string;
  readonly street?: string;
  readonly extended?: string;
  readonly poBox?: string;
  readonly city?: string;
  readonly region?: string;
  readonly postalCode?: string;
  readonly country?: string;
}

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/**
 * One person as a file tells of them, from a vCard or from a row of a CSV. Every text is trimmed and non-empty; lists
 * are in the file's order, preferred values first.
 */
export interface ImportedContact {
  /** The line of the file on which the card or row begins, counted from 1. */
  readonly line: number;
  /** The id under which the other program knows the contact. */
  readonly externalId?: string;
  readonly prefix?: string;
  readonly givenName?: string;
  readonly additionalNames?: string;
  readonly familyName?: string;
  readonly suffix?: string;
  readonly formattedName?: string;
  readonly nickname?: string;
  readonly emails: readonly LabelledValue[];
  readonly phones: readonly LabelledValue[];
  readonly addresses: readonly ImportedAddress[];
  readonly companyName?: string;
  readonly department?: string;
  readonly jobTitle?: string;
  /** `YYYY-MM-DD`, or `--MM-DD` when the year is unknown (RFC 6350 section 4.3.1). */
  readonly birthDate?: string;
  readonly links: readonly LabelledValue[];
  readonly notes: readonly string[];
  readonly tags: readonly string[];
  /** What a person named themselves: fields of their own, and properties to which they gave a label. */
  readonly customFields: readonly NamedValue[];
}
