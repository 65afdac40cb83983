import { CrmError } from '../errors.js';
import type { ExpectedRevision } from './port.js';

/** The revision of a stream that does not exist: one before its first event's. */
export const NO_STREAM = -1;

/** Whether a stream whose last event has this revision is as an append expects it. */
export const meets = (expected: ExpectedRevision, revision: number): boolean => {
  if (expected === 'any') return true;
  if (expected === 'stream-exists') return revision !== NO_STREAM;
  if (expected === 'no-stream') return revision === NO_STREAM;
  return revision === expected;
};

export const wrongRevision = (expected: ExpectedRevision, actual: number): CrmError =>
  new CrmError('WRONG_EXPECTED_REVISION', {
    ...(typeof expected === 'number' && { expected }),
    ...(actual !== NO_STREAM && { actual }),
  });

/** An id that is in the store already, but not as this append would have written it: no revision would make it right. */
export const idInUse = (): CrmError =>
  new CrmError('WRONG_EXPECTED_REVISION', { reason: 'An event with this id was appended before.' });
