import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const STORED_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Bounds of a JSON argument: levels of nesting, and values and characters in all. */
const JSON_LIMITS = { depth: 16, values: 5_000, characters: 200_000 };

/** Messages hold no value: graphql-js may put one before them, which `errors.ts` takes out again. */
const refuse = (sentence: string): never => {
  throw new GraphQLError(sentence);
};

/** JavaScript turns 31 June into 1 July; a calendar does not. */
const isDay = (day: string): boolean => {
  const time = Date.parse(`${day}T00:00:00.000Z`);
  return DAY.test(day) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
};

function instantIn(value: unknown): string {
  if (typeof value !== 'string' || !RFC_3339.test(value) || !isDay(value.slice(0, 10))) {
    return refuse('A DateTime is an RFC 3339 date and time with an offset.');
  }
  const time = Date.parse(value);
  if (Number.isNaN(time)) return refuse('A DateTime names an hour, minute and second that exist.');
  return new Date(time).toISOString();
}

function instantOut(value: unknown): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  return typeof value === 'string' && STORED_INSTANT.test(value) ? value : refuse('Not an instant.');
}

/** Literals of the language are accepted where they are strings, through the same check as variables. */
const stringLiteral = (parse: (value: unknown) => string) => (node: ValueNode) =>
  parse(node.kind === Kind.STRING ? node.value : undefined);

/** An instant. In and out as text in UTC with milliseconds, `2026-11-24T05:31:00.000Z`; any RFC 3339 offset is accepted. */
export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  description: 'An instant in UTC with milliseconds, e.g. 2026-11-24T05:31:00.000Z. Accepts RFC 3339 with any offset.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  parseValue: instantIn,
  parseLiteral: stringLiteral(instantIn),
  serialize: instantOut,
});

const day = (value: unknown): string =>
  typeof value === 'string' && isDay(value) ? value : refuse('A Date is a day of the calendar as YYYY-MM-DD.');

/** A day of the calendar, `2026-11-24`, without a time or zone. */
export const CalendarDate = new GraphQLScalarType<string, string>({
  name: 'Date',
  description: 'A day of the calendar as YYYY-MM-DD.',
  parseValue: day,
  parseLiteral: stringLiteral(day),
  serialize: day,
});

function boundedJson(value: unknown): unknown {
  const seen = { values: 0, characters: 0 };
  const count = (part: unknown, depth: number): void => {
    seen.values += 1;
    if (typeof part === 'string') seen.characters += part.length;
    const { depth: maxDepth, values, characters } = JSON_LIMITS;
    if (depth > maxDepth || seen.values > values || seen.characters > characters) refuse('The JSON is too large.');
    if (typeof part !== 'object' || part === null) return;
    for (const [key, inner] of Object.entries(part)) {
      if (key === '__proto__') refuse('The JSON has a key that is not allowed.');
      seen.characters += key.length;
      count(inner, depth + 1);
    }
  };
  count(value, 0);
  return value;
}

/** Any JSON value, bounded in depth and size on the way in. */
export const Json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: `Any JSON value: at most ${JSON_LIMITS.depth} levels deep, ${JSON_LIMITS.values} values and ${JSON_LIMITS.characters} characters.`,
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  parseValue: boundedJson,
  parseLiteral: (node, variables) => boundedJson(valueFromASTUntyped(node, variables)),
  serialize: (value) => value,
});
