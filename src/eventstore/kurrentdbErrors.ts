import {
  AccessDeniedError,
  isCommandError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@kurrent/kurrentdb-client';
import { CrmError } from '../errors.js';
import { MAX_EVENT_BYTES } from './port.js';

/** Status codes of gRPC, where the client passes them on as they are. */
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAUTHENTICATED = 16;

export const isNoStream = (error: unknown): boolean => error instanceof StreamNotFoundError;

/** The revision that the engine says a stream is at, -1 for none; `null` where this is not its refusal of a revision. */
export const actualRevision = (error: unknown): number | null => {
  if (!(error instanceof WrongExpectedVersionError)) return null;
  return error.actualState === 'no_stream' ? -1 : Number(error.actualState);
};

/**
 * What the engine has decided, as an error of ours; `null` where it has decided nothing that we know of: the
 * connection was lost, the time was up, another node leads, or it said something that we do not understand. What was
 * asked may then be carried out or not. The engine's own text may hold names of streams and stays inside, as the cause.
 */
export const decided = (error: unknown): CrmError | null => {
  if (error instanceof CrmError) return error;
  const code = statusCode(error);
  if (error instanceof AccessDeniedError || code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
    return new CrmError('STORE_UNAUTHORISED', {}, { cause: error });
  }
  if (error instanceof StreamDeletedError) {
    return new CrmError('STORE_FAILED', { reason: 'The stream was deleted in the engine.' }, { cause: error });
  }
  if (error instanceof MaxAppendSizeExceededError) {
    return new CrmError('EVENT_TOO_LARGE', { limit: error.maxAppendSize }, { cause: error });
  }
  if (code === RESOURCE_EXHAUSTED) {
    return new CrmError('EVENT_TOO_LARGE', { limit: MAX_EVENT_BYTES }, { cause: error });
  }
  return null;
};

/** Errors of the client, and of the connection below it: anything else is a bug of ours and is not tried again. */
export const mayPass = (error: unknown): boolean =>
  error instanceof Error &&
  (isCommandError(error) ||
    error instanceof TimeUp ||
    statusCode(error) !== undefined ||
    /^Failed to discover/.test(error.message));

const statusCode = (error: unknown): number | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
};

/** Our own limit, for calls that the client waits for without one. */
export class TimeUp extends Error {
  override readonly name = 'TimeUp';
}

/** Rejects with TimeUp after this many milliseconds; what was waited for is then left to itself. */
export const within = async <T>(timeoutMs: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeUp('The engine did not answer in time.')), timeoutMs);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Pauses before another try of what a node has not carried out: an election takes a second or two. */
export const RETRY_MS = [50, 200, 500, 1_000, 2_000, 4_000];

export interface Trying {
  readonly timeoutMs: number;
  /** Pauses between the tries; one more try than there are pauses. */
  readonly retryMs: readonly number[];
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Does something until the engine has decided it, with growing pauses between. `work` is told how often it was tried
 * before. Errors: what was decided; STORE_UNREACHABLE where it is still not known after the last try.
 */
export const untilDecided = async <T>(
  { timeoutMs, retryMs, pause }: Trying,
  work: (triedBefore: number) => Promise<T>,
): Promise<T> => {
  for (let tried = 0; ; tried++) {
    try {
      return await within(timeoutMs, work(tried));
    } catch (error) {
      const known = decided(error);
      if (known !== null) throw known;
      if (!mayPass(error)) throw error;
      const wait = retryMs[tried];
      if (wait === undefined) throw unreachable(error);
      await pause(wait);
    }
  }
};

const unreachable = (cause: unknown): CrmError => new CrmError('STORE_UNREACHABLE', {}, { cause });
