import { labelOf } from './labels.js';

/** A column of a list inside a contact: which list, which of its entries, and which part of the entry. */
export interface ListColumn {
  readonly list: 'emails' | 'phones' | 'addresses' | 'links' | 'customFields';
  /** Columns with the same key tell of the same entry. */
  readonly key: string;
  readonly part: string;
  /** What the column's own name says the entry is for. */
  readonly label?: string;
  readonly sure: boolean;
}

const purpose =
  '(?<purpose>home|work|business|office|other|personal|private|primary|main|company main|car|assistant|radio|mailing|billing)';
const valueOrLabel = '(?: (?<part>value|address|type|label))?';

const email = new RegExp(`^(?:${purpose} )?e ?mails?(?: address(?:es)?)?(?: (?<number>\\d+))?${valueOrLabel}$`);
const phone = new RegExp(
  `^(?:${purpose} )?(?<noun>(?:(?:mobile|cell|fax|pager) )?(?:phone|telephone|tel)|mobile|cell|cellphone|fax|pager)` +
    `(?: (?:number|no))?(?: (?<number>\\d+))?${valueOrLabel}$`,
);
const link = new RegExp(
  `^(?:${purpose} )?(?:website|web page|web site|homepage|url)(?: (?<number>\\d+))?${valueOrLabel}$`,
);
const customField = /^custom field (?<number>\d+) (?<part>value|type|label)$/;
const googleAddress = /^address (?<number>\d+) (?<part>[a-z ]+)$/;
const plainAddress = new RegExp(`^(?:${purpose} )?(?:address )?(?<part>[a-z ]+?(?: [123])?)$`);

const addressParts: Readonly<Record<string, string>> = {
  type: 'label',
  label: 'label',
  street: 'street',
  'street address': 'street',
  address: 'street',
  'address 1': 'street',
  'address line 1': 'street',
  'address line 2': 'street2',
  'address line 3': 'street3',
  'street 2': 'street2',
  'street 3': 'street3',
  'address 2': 'street2',
  'extended address': 'extended',
  'po box': 'poBox',
  'address po box': 'poBox',
  city: 'city',
  town: 'city',
  state: 'region',
  region: 'region',
  province: 'region',
  county: 'region',
  'postal code': 'postalCode',
  postcode: 'postalCode',
  zip: 'postalCode',
  'zip code': 'postalCode',
  country: 'country',
  'country region': 'country',
};

const isLabelPart = (part: string | undefined): boolean => part === 'type' || part === 'label';

const labelFrom = (...words: readonly (string | undefined)[]): string | undefined => {
  const label = labelOf(words.filter((word) => word !== undefined));
  return label === 'other' ? undefined : label;
};

function valueColumn(list: ListColumn['list'], match: RegExpExecArray): ListColumn {
  const { purpose: purposeName, noun = '', number = '', part } = match.groups!;
  return {
    list,
    key: `${purposeName ?? ''} ${noun} ${number}`,
    part: isLabelPart(part) ? 'label' : 'value',
    label: isLabelPart(part) ? undefined : labelFrom(purposeName, noun),
    sure: true,
  };
}

function addressColumn(name: string): ListColumn | undefined {
  const google = googleAddress.exec(name);
  if (google) {
    const { number, part } = google.groups!;
    if (part === 'formatted') return { list: 'addresses', key: number!, part: 'street', sure: false };
    const known = addressParts[part!];
    return known === undefined ? undefined : { list: 'addresses', key: number!, part: known, sure: true };
  }
  const plain = plainAddress.exec(name);
  const known = plain === null ? undefined : addressParts[plain.groups!.part!];
  if (!plain || known === undefined || known === 'label') return undefined;
  const purposeName = plain.groups!.purpose;
  return { list: 'addresses', key: purposeName ?? '', part: known, label: labelFrom(purposeName), sure: true };
}

/** What a column tells of a list of a contact, by its normalised name; undefined when it is of no list. */
export function listColumn(name: string): ListColumn | undefined {
  const mail = email.exec(name);
  if (mail) return valueColumn('emails', mail);
  const number = phone.exec(name);
  if (number) return valueColumn('phones', number);
  const page = link.exec(name);
  if (page) return valueColumn('links', page);
  const custom = customField.exec(name);
  if (custom) {
    const part = custom.groups!.part === 'value' ? 'value' : 'name';
    return { list: 'customFields', key: custom.groups!.number!, part, sure: true };
  }
  return addressColumn(name);
}
