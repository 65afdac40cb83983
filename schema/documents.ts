import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { BoundedMap } from '../src/kernel/memory.js';
import { mayBeKept } from './operations.js';

const KEPT_DOCUMENTS = 1_000;

/** Documents that were parsed and validated, for Apollo; none that may not stay in memory. */
export const createDocuments = (): NonNullable<ApolloServerOptions<BaseContext>['documentStore']> => {
  const kept = new BoundedMap<string, DocumentNode>(KEPT_DOCUMENTS);
  return {
    get: async (key) => kept.get(key),
    set: async (key, document) => {
      if (mayBeKept(document.loc?.source.body ?? '#')) kept.set(key, document);
    },
    delete: async (key) => kept.delete(key),
  };
};
