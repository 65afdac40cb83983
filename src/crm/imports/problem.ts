/**
 * What an import can find wrong with a file, in one table. Reasons are fixed sentences with no value in them, so that
 * a report can be logged and shown to someone who may not read the file itself.
 */
export const problemReasons = {
  // vCards
  CARD_NOT_BEGUN: 'Lines stand outside a card: its BEGIN:VCARD is missing.',
  CARD_NOT_ENDED: 'The card has no END:VCARD; it was torn off.',
  CARDS_RUN_TOGETHER: 'Two cards run into each other: the line between them is missing.',
  GARBAGE_LINE: 'The line is not a property of a vCard.',
  BAD_TEXT: 'Some characters do not fit the encoding that is declared for them.',

  // CSV
  TORN_ROW: 'The row is torn: a quoted cell is not closed, or closed in the middle.',
  TOO_FEW_COLUMNS: 'The row has fewer cells than the header.',
  TOO_MANY_COLUMNS: 'The row has more cells than the header.',

  // values
  MISSING_VALUE: 'A value that is needed is missing.',
  BAD_DATE: 'The value is not a date.',
  AMBIGUOUS_DATE: 'The date could be read with the month first or with the day first.',
  BAD_NUMBER: 'The value is not a number.',
  AMBIGUOUS_NUMBER: 'The number could be read with a decimal mark or with groups of three digits.',
  TOO_PRECISE: 'The amount has more decimals than its currency.',
  BAD_EMAIL: 'The value is not an e-mail address.',
  BAD_VALUE: 'The value does not have the form that the field asks for.',

  // what the rows refer to
  UNKNOWN_STAGE: 'The pipeline has no stage of that name; the row was left out.',
  UNKNOWN_PRODUCT: 'No product has that name; the deal is kept, with the name as text.',
  UNKNOWN_OWNER: 'No member has that name; the deal is kept, without an owner.',
  UNKNOWN_COMPANY: 'No company has that name; the row is kept, without a company.',
  DUPLICATE_ID: 'An earlier row of the file has the same id; this one was left out.',
  MINOR: 'The birth date says under 18: the contact is kept, but restricted.',
  SUPPRESSED: 'The address is on the do-not-contact list: its owner opted out or was erased; the row was left out.',
  ERASED: 'The person was erased or anonymised; the row was left out.',
} as const;

export type ProblemCode = keyof typeof problemReasons;

/** Where in the file, all counted from 1. Never holds a value from the file. */
export interface ProblemPlace {
  /** The physical line; of a record of several lines the first. */
  readonly line: number;
  /** In a CSV the column of the cell, in a vCard the character of the line. */
  readonly column?: number;
  /** In a vCard file: which BEGIN:VCARD. */
  readonly card?: number;
  /** The field of ours that the value was for, e.g. `closeDate`. */
  readonly field?: string;
}

export interface ImportProblem extends ProblemPlace {
  readonly code: ProblemCode;
  readonly reason: string;
}

export const problem = (code: ProblemCode, place: ProblemPlace): ImportProblem => ({
  ...place,
  code,
  reason: problemReasons[code],
});

/** A value as it was read, or why it could not be. */
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: ProblemCode };

export const read = <T>(value: T): Reading<T> => ({ ok: true, value });
export const unreadable = (code: ProblemCode): Reading<never> => ({ ok: false, code });
