import { type core, z } from 'zod';
import { CrmError } from '../errors.js';

/**
 * A value checked and transformed by a zod schema. Error: BAD_USER_INPUT with the dotted path of the first value that
 * does not fit, e.g. `input.emails.0.value`, and a sentence that says what is asked for. Neither holds what was entered:
 * sentences are ours, and a key of a record, which is entered too, is written `*`.
 */
export function validate<Schema extends z.ZodType>(value: unknown, schema: Schema, name: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new CrmError('BAD_USER_INPUT', {
    field: [name, ...declared(schema, issue.path)].join('.'),
    reason: sentence(issue),
  });
}

/** The sentence of an issue. A `custom` issue carries the one that our own schema gave it. */
function sentence(issue: core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `A value of type ${issue.expected} is expected.`;
    case 'too_small':
      return `Give at least ${issue.minimum}${unit(issue.origin, issue.minimum)}.`;
    case 'too_big':
      return `Give at most ${issue.maximum}${unit(issue.origin, issue.maximum)}.`;
    case 'invalid_format':
      // Our own patterns come with their sentence; the library's formats have a name that says enough.
      return issue.format === 'regex' ? issue.message : `A value in the format ${issue.format} is expected.`;
    case 'not_multiple_of':
      return `A multiple of ${issue.divisor} is expected.`;
    case 'invalid_value':
      return `One of ${issue.values.map(String).join(', ')} is expected.`;
    case 'unrecognized_keys':
      return 'There is a field that is not known here.';
    case 'custom':
      return issue.message;
    default:
      return 'The value does not have the form that is asked for.';
  }
}

function unit(origin: string, count: number | bigint): string {
  const one = ({ string: ' character', array: ' item', set: ' item', map: ' item' } as Record<string, string>)[origin];
  return one === undefined ? '' : `${one}${Number(count) === 1 ? '' : 's'}`;
}

/** The path with every segment that the schema does not itself name replaced by `*`. */
function declared(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const [segment, ...rest] = path;
  if (segment === undefined) return [];
  for (const type of alternatives(schema)) {
    if (type instanceof z.ZodObject && Object.hasOwn(type.shape, segment)) {
      return [String(segment), ...declared(type.shape[String(segment)], rest)];
    }
    if (type instanceof z.ZodArray && typeof segment === 'number')
      return [`${segment}`, ...declared(type.element as z.ZodType, rest)];
    if (type instanceof z.ZodRecord) return ['*', ...declared(type.valueType as z.ZodType, rest)];
  }
  return path.map((each) => (typeof each === 'number' ? `${each}` : '*'));
}

/** What a schema comes to behind its wrappers: one type, or the options of a union. */
function alternatives(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => alternatives(option as z.ZodType));
  if (schema instanceof z.ZodPipe) return alternatives(schema.in as z.ZodType);
  if (schema instanceof z.ZodLazy) return alternatives(schema.unwrap() as z.ZodType);
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return inner === undefined ? [schema] : alternatives(inner);
}
