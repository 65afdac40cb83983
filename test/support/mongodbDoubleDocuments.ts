import { isDeepStrictEqual } from 'node:util';
import type { Document } from 'mongodb';

/*
 * The part of MongoDB's query, update and projection language that the adapters use, as its manual describes it
 * (https://www.mongodb.com/docs/manual/reference/operator/query/ and …/update/). What is not here throws.
 */

const at = (document: Document, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Document | undefined | null)?.[name], document);

const setAt = (document: Document, path: string, value: unknown): void => {
  const names = path.split('.');
  const last = names.pop()!;
  let inner = document;
  for (const name of names) inner = inner[name] ??= {};
  if (value === undefined) delete inner[last];
  else inner[last] = value;
};

/** Texts by their UTF-8 bytes, numbers by value; only values of one type are compared at all. */
const compare = (a: unknown, b: unknown): number | undefined => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return undefined;
};

const equals = (a: unknown, b: unknown): boolean => (b === null ? a == null : isDeepStrictEqual(a, b));

const operators: { readonly [name: string]: (value: unknown, operand: never) => boolean } = {
  $eq: equals,
  $lt: (value, operand) => (compare(value, operand) ?? 0) < 0,
  $lte: (value, operand) => (compare(value, operand) ?? 1) <= 0,
  $gt: (value, operand) => (compare(value, operand) ?? 0) > 0,
  $gte: (value, operand) => (compare(value, operand) ?? -1) >= 0,
  $in: (value, operand: unknown[]) => operand.some((each) => equals(value, each)),
};

const meetsOperator = (value: unknown, name: string, operand: unknown): boolean => {
  if (name === '$exists') return (value !== undefined) === operand;
  if (name === '$ne') return !meetsOperator(value, '$eq', operand);
  if (name === '$all') return (operand as unknown[]).every((each) => meetsOperator(value, '$eq', each));
  if (name === '$elemMatch') {
    return Array.isArray(value) && value.some((each) => meetsCondition(each, operand));
  }
  const meets = operators[name];
  if (meets === undefined) throw new Error(`The double has no operator ${name}.`);
  // A condition on an array holds where it holds for one of its elements, or for the array itself.
  return [value, ...(Array.isArray(value) ? value : [])].some((each) => meets(each, operand as never));
};

const isOperators = (condition: unknown): condition is Document =>
  typeof condition === 'object' && condition !== null && Object.keys(condition).some((name) => name.startsWith('$'));

const meetsCondition = (value: unknown, condition: unknown): boolean =>
  isOperators(condition)
    ? Object.entries(condition).every(([name, operand]) => meetsOperator(value, name, operand))
    : meetsOperator(value, '$eq', condition);

export const matches = (document: Document, filter: Document): boolean =>
  Object.entries(filter).every(([name, condition]) => {
    if (name === '$or') return (condition as Document[]).some((each) => matches(document, each));
    if (name === '$and') return (condition as Document[]).every((each) => matches(document, each));
    return meetsCondition(at(document, name), condition);
  });

/** By one field; what has none comes first, as `null` does. */
export const sorted = (documents: readonly Document[], sort: Document | undefined): readonly Document[] => {
  const [by, ...more] = Object.entries(sort ?? {});
  if (by === undefined) return documents;
  if (more.length > 0) throw new Error('The double sorts by one field.');
  const [path, direction] = by as [string, 1 | -1];
  return [...documents].sort((a, b) => {
    const [x, y] = [at(a, path), at(b, path)];
    return direction * (compare(x, y) ?? Number(x != null) - Number(y != null));
  });
};

/** An inclusion; `_id` comes along unless it is left out. */
export const projected = (document: Document, projection: Document | undefined): Document => {
  if (projection === undefined || Object.keys(projection).length === 0) return document;
  const result: Document = {};
  for (const [path, included] of Object.entries({ _id: 1, ...projection })) {
    if (included !== 1 && path !== '_id') throw new Error('The double projects by inclusion.');
    if (included === 1) setAt(result, path, at(document, path));
  }
  return result;
};

/** The document as an update leaves it: a replacement keeps nothing but the `_id`. */
export const updated = (document: Document, update: Document): Document => {
  if (!isOperators(update)) return { _id: document._id, ...(update as Document) };
  const result = structuredClone(document);
  for (const [operator, fields] of Object.entries(update)) {
    for (const [path, operand] of Object.entries(fields as Document)) {
      if (operator === '$set') setAt(result, path, operand);
      else if (operator === '$unset') setAt(result, path, undefined);
      else if (operator === '$inc') setAt(result, path, ((at(result, path) as number | undefined) ?? 0) + operand);
      else throw new Error(`The double has no update ${operator}.`);
    }
  }
  return result;
};

/** What an upsert begins with: the fields that the filter says are equal to something. */
export const upserted = (filter: Document): Document => {
  const result: Document = {};
  for (const [path, condition] of Object.entries(filter)) {
    if (!path.startsWith('$') && !isOperators(condition)) setAt(result, path, condition);
  }
  return result;
};
