import {
  type Collection,
  type Db,
  type Document,
  MongoBulkWriteError,
  MongoClient,
  type MongoClientOptions,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { CrmError, type ErrorCode } from '../errors.js';

/** Documents are told apart by a text of ours. */
export type Stored = Document & { readonly _id: string };

/** What is kept in a MongoDB: for error messages, which name nothing else of the URL. */
export type Kept = 'read store' | 'state store' | 'vault';

const DEFAULT_DATABASE = 'crm';
const SELECTION_TIMEOUT_MS = 5_000;
const WRITE_TIMEOUT_MS = 10_000;

/**
 * What does not depend on the URL. A write is acknowledged when a majority has it in the journal, and a read sees only
 * what a majority has: what was acknowledged outlives the loss of a primary, and what was read is never rolled back.
 * The stable API, strictly: a newer server answers as the one that this was written for.
 */
const OPTIONS: MongoClientOptions = {
  appName: 'bpo-assistant-crm',
  readConcern: { level: 'majority' },
  readPreference: 'primary',
  writeConcern: { w: 'majority', wtimeoutMS: WRITE_TIMEOUT_MS },
  retryWrites: true,
  retryReads: true,
  serverApi: { version: '1', strict: true, deprecationErrors: true },
  ignoreUndefined: true,
  promoteBuffers: true,
};

/**
 * Connects to the replica set that a `mongodb://` or `mongodb+srv://` URL names, and to the database in its path,
 * default `crm`.
 * Errors: BAD_CONFIGURATION where the URL or the server's certificate is not usable, or the server is no member of a
 * replica set; STORE_UNAUTHORISED; STORE_UNREACHABLE. They say which store, and nothing of the URL.
 */
export const connectMongo = async (url: string, kept: Kept): Promise<MongoDatabase> => {
  const client = clientOf(url, kept);
  try {
    await client.connect();
    const { setName } = await client.db('admin').command({ hello: 1 });
    if (typeof setName !== 'string') throw unusable(kept, 'is not a member of a replica set');
    const database = client.db(databaseIn(url));
    // A client that has not said who it is may greet, but nothing else.
    await database.listCollections({}, { nameOnly: true }).toArray();
    return new MongoDatabase(database, () => client.close());
  } catch (error) {
    await client.close();
    throw connectionError(error, kept);
  }
};

const clientOf = (url: string, kept: Kept): MongoClient => {
  try {
    const isSaid = /[?&]serverSelectionTimeoutMS=/i.test(url);
    return new MongoClient(url, isSaid ? OPTIONS : { ...OPTIONS, serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS });
  } catch {
    // Without the cause: the driver's own message may repeat the URL.
    throw unusable(kept, 'has a URL that cannot be read');
  }
};

const databaseIn = (url: string): string => /^[^?]*?:\/\/[^/?]*\/([^/?]+)/.exec(url)?.[1] ?? DEFAULT_DATABASE;

const unusable = (kept: Kept, why: string): CrmError =>
  new CrmError('BAD_CONFIGURATION', { reason: `The MongoDB of the ${kept} ${why}.` });

/** Unauthorized and AuthenticationFailed (https://www.mongodb.com/docs/manual/reference/error-codes/). */
const UNAUTHORISED = new Set<unknown>([13, 18]);
/** A primary that steps or shuts down or cannot be asked, and a majority that does not confirm in time: it passes. */
const PASSING = new Set<unknown>([6, 7, 64, 89, 91, 189, 202, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436, 100]);
const OUT_OF_DISK_SPACE = 14_031;
const DUPLICATE_KEY = 11_000;

const connectionError = (error: unknown, kept: Kept): unknown => {
  if (!(error instanceof MongoError)) return error;
  if (isRefusal(error)) {
    return new CrmError('STORE_UNAUTHORISED', {
      reason: `The MongoDB of the ${kept} does not accept the user or the password.`,
    });
  }
  if (certificateProblem(error)) return unusable(kept, 'shows a certificate that cannot be verified');
  if (isNoMember(error)) return unusable(kept, 'is not a member of the replica set that its URL names');
  return new CrmError('STORE_UNREACHABLE', { reason: `The MongoDB of the ${kept} cannot be reached.` });
};

const isRefusal = (error: MongoError): boolean =>
  UNAUTHORISED.has(error.code) || (error.cause instanceof MongoError && isRefusal(error.cause));

/** Node's codes for certificates that do not verify (https://nodejs.org/api/tls.html, "X509 certificate error codes"). */
const CERTIFICATE_CODE = /CERT|SIGNATURE|_CRL_|ISSUER|CA$/;

/** Goes through what the driver has heard of each server. */
const certificateProblem = (error: unknown): boolean => {
  const { code, cause, reason } = (error ?? {}) as { code?: unknown; cause?: unknown; reason?: unknown };
  if (typeof code === 'string' && CERTIFICATE_CODE.test(code)) return true;
  const { servers } = (reason ?? {}) as { servers?: ReadonlyMap<string, { readonly error?: unknown }> };
  const heard = [...(servers?.values() ?? [])].map((server) => server.error);
  return [cause, ...heard].some((each) => each !== undefined && each !== null && certificateProblem(each));
};

/** The driver forgets servers that are there and not of the replica set in the URL. */
const isNoMember = (error: unknown): boolean => {
  if (!(error instanceof MongoServerSelectionError)) return false;
  const { type, servers } = error.reason as { type?: unknown; servers?: ReadonlyMap<string, unknown> };
  return type === 'ReplicaSetNoPrimary' && servers?.size === 0;
};

/** What an error of the driver means to a caller. Errors of ours pass through; the driver's stay inside, as the cause. */
export const mongoError = (error: unknown): unknown => {
  const heard = heardOf(error);
  const code = isBrokenLine(heard) ? 'STORE_UNREACHABLE' : heard instanceof MongoError && codeOf(heard);
  return code ? new CrmError(code, {}, { cause: error }) : error;
};

/** A bulk write whose connection broke, or that found no server, is an error of its own, which does not say which. */
const heardOf = (error: unknown): unknown => {
  const thrown: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  return thrown instanceof Error ? thrown : error;
};

/** What a socket says that breaks while a command is written to it: the driver passes that on as it is. */
const BROKEN_LINE = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'ENOTCONN', 'ENETUNREACH']);
const isBrokenLine = (error: unknown): boolean => {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && (BROKEN_LINE.has(code) || code.startsWith('ERR_STREAM_'));
};

const codeOf = (error: MongoError): ErrorCode => {
  if (error.code === OUT_OF_DISK_SPACE) return 'STORAGE_FULL';
  if (isRefusal(error)) return 'STORE_UNAUTHORISED';
  const isAway = error instanceof MongoNetworkError || error instanceof MongoServerSelectionError;
  return isAway || PASSING.has(error.code) ? 'STORE_UNREACHABLE' : 'STORE_FAILED';
};

/** Whether a document with this `_id` is there already, which is how an upsert says that its condition is not met. */
export const isDuplicate = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE_KEY;

/**
 * Whether an unordered bulk write did all it was to do but for documents that were there already. One whose connection
 * broke has no errors of single writes, and may have done nothing.
 */
export const onlyDuplicates = (error: unknown): boolean => {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) return false;
  const refused = error.result.getWriteErrors();
  return refused.length > 0 && refused.every(({ code }) => code === DUPLICATE_KEY);
};

/** Writes what may be there already, put there by another, which is as good: one document, or an unordered bulk. */
export const ignoringDuplicates = async (write: () => Promise<unknown>): Promise<void> => {
  try {
    await write();
  } catch (error) {
    // A bulk write bears the code of the first of its errors, which says nothing of the others.
    const isThere = error instanceof MongoBulkWriteError ? onlyDuplicates(error) : isDuplicate(error);
    if (!isThere) throw error;
  }
};

/** One database. Finishes what it has accepted before it closes, and accepts nothing after. */
export class MongoDatabase {
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** `release` gives back the connections, once nothing is under way any more. */
  constructor(
    private readonly database: Db,
    private readonly release: () => Promise<void>,
  ) {}

  collection<T extends Stored>(name: string): Collection<T> {
    return this.database.collection<T>(name);
  }

  /** The names of the collections that begin so. */
  async collectionsWith(prefix: string): Promise<readonly string[]> {
    const all = await this.database.listCollections({}, { nameOnly: true }).toArray();
    return all.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  }

  /** Errors: STORE_UNREACHABLE, STORE_UNAUTHORISED, STORAGE_FULL; STORE_FAILED, also once the store is closed. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new CrmError('STORE_FAILED', { reason: 'The store is closed.' });
    const running = work();
    this.#underWay.add(running);
    try {
      return await running;
    } catch (error) {
      throw mongoError(error);
    } finally {
      this.#underWay.delete(running);
    }
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.release();
  }
}
