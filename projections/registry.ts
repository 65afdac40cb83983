import { CrmError } from '../src/errors.js';
import type { Projection } from './projection.js';

/** The event after which nothing of a person may be left in a read model (`src/privacy/erasure/events.ts`). */
const ERASED = 'SubjectErased';

/** Every read model of the product. One that does not say what it does when a subject is erased does not register. */
export const projectionRegistry = (projections: readonly Projection[]): readonly Projection[] => {
  const names = new Set<string>();
  for (const projection of projections) {
    for (const name of [projection.name, ...projection.tables.map((table) => `table ${table.name}`)]) {
      if (names.has(name)) throw new CrmError('BAD_CONFIGURATION', { reason: `Two projections are called ${name}.` });
      names.add(name);
    }
    if (projection.apply[ERASED] === undefined) {
      throw new CrmError('BAD_CONFIGURATION', { reason: `Projection ${projection.name} ignores ${ERASED}.` });
    }
  }
  return projections;
};
