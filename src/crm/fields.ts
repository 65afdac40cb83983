import { z } from 'zod';
import { line, text } from '../kernel/values.js';

/** Fields that several kinds of records have. A `null` in an update clears, as in a JSON Merge Patch (RFC 7396). */

export const labelled = <T extends z.ZodType>(value: T) => z.object({ value, label: line(40).optional() });

/** A field of an update: left out, it stays as it is; `null` clears it. */
export const change = <T extends z.ZodType>(schema: T) => schema.nullable().optional();

export const tags = z.array(line(60)).max(50);
export const notes = z.array(text(10_000)).max(200);
export const externalId = line(200);

/** JavaScript takes this one name for something else than a member of an object. */
export const isFieldName = (name: string): boolean => name !== '__proto__';

/** Free fields by name. In an update, a name with `null` is removed and the others stay. */
export const customFields = z
  .record(line(60), text(2_000).nullable())
  .refine((fields) => Object.keys(fields).length <= 100, 'At most 100 fields.');
