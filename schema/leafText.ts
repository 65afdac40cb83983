import type { GraphQLLeafType } from 'graphql';

/** What JSON cannot hold between quotes as it is; a lone surrogate is escaped, a pair is not, so both go the long way. */
const needsEscaping = /["\\\u0000-\u001f\ud800-\udfff]/;

const quoted = (text: string): string => (needsEscaping.test(text) ? JSON.stringify(text) : `"${text}"`);

/**
 * The JSON text of one value of a scalar or enum, exactly as `JSON.stringify(type.serialize(value))` gives it.
 * Throws where graphql-js would report an error, and where JSON has no text for the value.
 */
export function leafText(type: GraphQLLeafType): (value: unknown) => string {
  switch (type.name) {
    case 'String':
    case 'ID':
      return (value) => quoted(typeof value === 'string' ? value : (type.serialize(value) as string));
    case 'Int':
    case 'Float':
    case 'Boolean':
      return (value) => String(type.serialize(value));
    default:
      return (value) => {
        const serialized = present(type.serialize(value));
        return typeof serialized === 'string'
          ? quoted(serialized)
          : present(JSON.stringify(serialized) as string | undefined);
      };
  }
}

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new TypeError('A leaf was serialised to nothing.');
  return value;
}
