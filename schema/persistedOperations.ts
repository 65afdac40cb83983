import { type GraphQLSchema, parse, validate } from 'graphql';
import { CrmError } from '../src/errors.js';

/** Documents by their ids; an id is what the client's build made it, usually the document's SHA-256. */
export type PersistedOperations = ReadonlyMap<string, string>;

/**
 * From a file as clients' builds write it: a JSON object of documents by id. Error: BAD_CONFIGURATION where it is none,
 * or a document does not fit the schema.
 */
export function readPersistedOperations(text: string, schema: GraphQLSchema): PersistedOperations {
  const operations = new Map(Object.entries(objectIn(text)));
  if (operations.size === 0) throw unusable('PERSISTED_OPERATIONS_FILE has no operation in it.');
  for (const document of operations.values()) {
    if (typeof document !== 'string' || !fits(document, schema)) {
      throw unusable('PERSISTED_OPERATIONS_FILE has an operation that does not fit the schema.');
    }
  }
  return operations as Map<string, string>;
}

const unusable = (reason: string) => new CrmError('BAD_CONFIGURATION', { reason });

function objectIn(text: string): object {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read;
  } catch {
    // as for any other text that is no such object
  }
  throw unusable('PERSISTED_OPERATIONS_FILE is not a JSON object of documents by id.');
}

function fits(document: string, schema: GraphQLSchema): boolean {
  try {
    return validate(schema, parse(document)).length === 0;
  } catch {
    return false;
  }
}

/**
 * What a request sends, with the registered document in place of its id (`documentId`, or `extensions.persistedQuery`).
 * A document that is sent whole has to be a registered one, to the letter. Error: OPERATION_NOT_PERSISTED.
 */
export function asPersisted<Sent extends object>(sent: Sent, operations: PersistedOperations): Sent {
  const { documentId, extensions, query, ...rest } = sent as Record<string, unknown>;
  const hash = (extensions as { persistedQuery?: { sha256Hash?: unknown } } | null | undefined)?.persistedQuery
    ?.sha256Hash;
  const document = operations.get(String(documentId ?? hash)) ?? registered(query, operations);
  if (document === undefined) throw new CrmError('OPERATION_NOT_PERSISTED');
  return { ...rest, query: document } as unknown as Sent;
}

const documentsOf = new WeakMap<PersistedOperations, ReadonlySet<string>>();

function registered(query: unknown, operations: PersistedOperations): string | undefined {
  let documents = documentsOf.get(operations);
  if (documents === undefined) {
    documents = new Set(operations.values());
    documentsOf.set(operations, documents);
  }
  return typeof query === 'string' && documents.has(query) ? query : undefined;
}
