import { CrmError } from '../../errors.js';
import { fieldNames, type ImportKind, normaliseColumnName, requiredFields } from './columnNames.js';
import { listColumn } from './contactColumns.js';
import type { CsvRow } from './csv.js';

export type { ImportKind };

/** Where one column of a file goes. */
export interface MappedColumn {
  /** Counted from 1. */
  readonly column: number;
  /**
   * A field of the kind: of a deal `externalId`, `title`, `owner`, `product`, `company`, `stage`, `engageDate`,
   * `closeDate`, `value`; of a company `name`, `sector`, `yearEstablished`, `revenue`, `employees`, `location`,
   * `subsidiaryOf`; of a product `name`, `series`, `price`; of an agent `name`, `manager`, `office`; of a contact the
   * names of ImportedContact, with entries of lists as `emails.0.value`, `emails.0.label`, `addresses.1.city`
   * (a street's further lines are `street2` and `street3`), `customFields.0.name`.
   */
  readonly field: string;
  /** For a value of a list: its label, or a custom field's name, where no other column tells it. */
  readonly label?: string;
}

export interface GuessedColumn extends MappedColumn {
  /** 1 for a name that means nothing else, 0.7 for one that often means this, 0.4 for one that may. */
  readonly confidence: number;
}

/** A row whose cells can be asked for by field. */
export interface MappedRow extends CsvRow {
  /** By field, the same for all rows of a file. */
  readonly columns: ReadonlyMap<string, MappedColumn>;
}

const confidences = { sure: 1, likely: 0.7, last: 0.4 } as const;

function singleCandidates(column: number, name: string, kind: ImportKind): GuessedColumn[] {
  const candidates: GuessedColumn[] = [];
  for (const [field, names] of Object.entries(fieldNames[kind])) {
    const isOwnName = normaliseColumnName(field) === name;
    const found = (['sure', 'likely', 'last'] as const).find((tier) => names[tier]?.includes(name));
    if (isOwnName) candidates.push({ column, field, confidence: 1 });
    else if (found) candidates.push({ column, field, confidence: confidences[found] });
  }
  return candidates;
}

/** Gives the entries of each list their numbers in the order in which a file first names them. */
function entryNumbers(): (list: string, key: string) => number {
  const keysOf = new Map<string, string[]>();
  return (list, key) => {
    const keys = keysOf.get(list) ?? [];
    keysOf.set(list, keys);
    return keys.includes(key) ? keys.indexOf(key) : keys.push(key) - 1;
  };
}

function candidatesOf(header: readonly string[], kind: ImportKind): GuessedColumn[] {
  const numberOf = entryNumbers();
  return header.flatMap((written, index) => {
    const column = index + 1;
    const name = normaliseColumnName(written);
    const entry = kind === 'contact' ? listColumn(name) : undefined;
    if (!entry) return singleCandidates(column, name, kind);
    const field = `${entry.list}.${numberOf(entry.list, entry.key)}.${entry.part}`;
    const confidence = entry.sure ? confidences.sure : confidences.last;
    return [
      entry.label === undefined ? { column, field, confidence } : { column, field, label: entry.label, confidence },
    ];
  });
}

/**
 * Which column is which field, by the columns' names alone: each column once, each field once, the surest first. Columns
 * that are not recognised are not in the result, and so not imported unless a person says what they are.
 */
export function guessMapping(header: readonly string[], kind: ImportKind): GuessedColumn[] {
  const candidates = candidatesOf(header, kind).sort(
    (left, right) => right.confidence - left.confidence || left.column - right.column,
  );
  const chosen: GuessedColumn[] = [];
  for (const candidate of candidates) {
    const taken = chosen.some(({ column, field }) => column === candidate.column || field === candidate.field);
    if (!taken) chosen.push(candidate);
  }
  return chosen.sort((left, right) => left.column - right.column);
}

const listParts = new RegExp(
  [
    String.raw`^(?:emails|phones|links)\.\d{1,3}\.(?:value|label)$`,
    String.raw`^customFields\.\d{1,3}\.(?:value|name)$`,
    String.raw`^addresses\.\d{1,3}\.(?:label|street[23]?|extended|poBox|city|region|postalCode|country)$`,
  ].join('|'),
);

const isField = (field: string, kind: ImportKind): boolean =>
  Object.hasOwn(fieldNames[kind], field) || (kind === 'contact' && listParts.test(field));

function checkMapping(mapping: readonly MappedColumn[], kind: ImportKind): void {
  for (const [index, { column, field }] of mapping.entries()) {
    const isRepeated = mapping.findIndex((other) => other.field === field) !== index;
    if (!isField(field, kind) || isRepeated) throw new CrmError('BAD_USER_INPUT', { field: `mapping.${index}.field` });
    if (!Number.isInteger(column) || column < 1)
      throw new CrmError('BAD_USER_INPUT', { field: `mapping.${index}.column` });
  }
  const required = requiredFields[kind];
  const isMet = mapping.some(({ field }) => required.includes(field.split('.', 1)[0]!));
  if (!isMet) throw new CrmError('MISSING_COLUMNS', { field: required[0]! });
}

/**
 * Rows as fields.
 * @param mapping what `guessMapping` gave, or what a person made of it
 * @throws CrmError MISSING_COLUMNS with the field that nothing is mapped to and without which the kind makes no sense;
 * BAD_USER_INPUT for a field that the kind does not have, or that two columns are mapped to
 */
export function applyMapping(kind: ImportKind, rows: readonly CsvRow[], mapping: readonly MappedColumn[]): MappedRow[] {
  checkMapping(mapping, kind);
  const columns = new Map(mapping.map((mapped) => [mapped.field, mapped]));
  return rows.map(({ line, cells }) => ({ line, cells, columns }));
}
