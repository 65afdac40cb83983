/**
 * Every error code of the product, in one table. A code is a promise to clients: it never changes its meaning.
 * Messages are fixed sentences with no value in them, so that nothing a person entered can leave through an error.
 */
export const errorTable = {
  // the request
  GRAPHQL_PARSE_FAILED: { status: 400, message: 'The document is not GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, message: 'The document does not fit the schema.' },
  OPERATION_RESOLUTION_FAILURE: { status: 400, message: 'The operation to run could not be determined.' },
  BAD_REQUEST: { status: 400, message: 'The request is malformed.' },
  BAD_USER_INPUT: { status: 400, message: 'A value does not have the form that is asked for.' },
  BODY_TOO_LARGE: { status: 413, message: 'The request body is larger than allowed.' },
  QUERY_TOO_LONG: { status: 400, message: 'The document has more tokens than allowed.' },
  QUERY_TOO_DEEP: { status: 400, message: 'The document is nested more deeply than allowed.' },
  QUERY_TOO_COSTLY: { status: 400, message: 'The operation would cost more than allowed.' },
  TOO_MANY_ALIASES: { status: 400, message: 'The document has more aliases than allowed.' },
  TOO_MANY_DIRECTIVES: { status: 400, message: 'The document has more directives than allowed.' },
  TOO_MANY_SUBSCRIPTIONS: { status: 429, message: 'The connection has as many subscriptions as it may.' },
  OPERATION_NOT_PERSISTED: { status: 400, message: 'Only operations that were registered beforehand are answered.' },
  RATE_LIMITED: { status: 429, message: 'There were too many requests; try again later.' },
  TLS_REQUIRED: { status: 403, message: 'Use https.' },
  PAGE_TOO_LARGE: { status: 400, message: 'The page asked for is larger than allowed.' },
  BAD_CURSOR: { status: 400, message: 'The cursor is not one that this list gave out.' },

  // who is asking
  UNAUTHENTICATED: { status: 401, message: 'Sign in first.' },
  SIGN_IN_FAILED: { status: 401, message: 'The e-mail and the password do not belong together.' },
  PASSWORD_TOO_COMMON: { status: 400, message: 'The password is among those that are guessed first; choose another.' },
  TOKEN_INVALID: { status: 400, message: 'The code or link is not valid, or not any more; ask for a new one.' },
  PASSKEY_REFUSED: { status: 401, message: 'The passkey does not prove who you are; begin again.' },
  PROVIDER_REFUSED: {
    status: 401,
    message: 'What the identity provider answered does not prove who you are; begin again.',
  },
  PROVIDER_UNAVAILABLE: {
    status: 503,
    message: 'The identity provider does not answer; try again, or sign in otherwise.',
  },
  IDENTITY_NOT_LINKED: {
    status: 401,
    message: 'No account is linked with this identity: sign up, or sign in and link it.',
  },
  EMAIL_NOT_VERIFIED: { status: 400, message: 'The identity provider does not vouch for an e-mail address.' },
  LINK_FIRST: { status: 409, message: 'The address has an account: sign in to it, then link the identity.' },
  SECOND_FACTOR_REQUIRED: { status: 401, message: 'Give a code of your second factor as well.' },
  STEP_UP_REQUIRED: { status: 403, message: 'Prove again who you are with stepUp, then repeat this.' },
  FORBIDDEN: { status: 403, message: 'You may not do this.' },
  WORKSPACE_REQUIRED: { status: 400, message: 'Say which workspace with the header x-workspace.' },
  POLICY_NOT_CURRENT: { status: 400, message: 'The accepted policy version is not the current one.' },
  UNDERAGE: { status: 400, message: 'The service is not for people under 18.' },

  // the domain
  NOT_FOUND: { status: 404, message: 'There is no such record.' },
  ALREADY_TAKEN: { status: 409, message: 'The value is in use already.' },
  VERSION_CONFLICT: { status: 409, message: 'The record has changed since the version you expected.' },
  CONFLICT: { status: 409, message: 'Others were changing the same record; try again.' },
  IDEMPOTENCY_CONFLICT: { status: 409, message: 'The command id was used before with another payload.' },
  DELETED: { status: 409, message: 'The record is in the bin; restore it first.' },
  NOT_DELETED: { status: 409, message: 'The record is not in the bin.' },
  SUBJECT_ERASED: { status: 410, message: 'The person was erased or anonymised; nothing can be written for them.' },
  CONSENT_NOT_GIVEN: { status: 409, message: 'There is no live consent for this purpose and channel.' },
  ADDRESS_SUPPRESSED: {
    status: 409,
    message: 'The address is on the do-not-contact list: its owner opted out or asked to be erased.',
  },
  LEGAL_HOLD: {
    status: 409,
    message: 'The person is under a legal hold; the request is recorded and carried out once the hold is lifted.',
  },
  ERASURE_STARTED: { status: 409, message: 'The erasure has started and cannot be changed any more.' },
  ERASURE_CALLED_OFF: { status: 409, message: 'The erasure was called off.' },
  SECOND_PERSON_REQUIRED: { status: 403, message: 'Another person than the one who asked for it has to approve.' },
  UNKNOWN_STAGE: { status: 400, message: 'The pipeline has no such stage.' },

  ALREADY_MEMBER: { status: 409, message: 'This person is a member of the workspace already.' },
  INVITATION_NOT_VALID: { status: 409, message: 'The invitation is not valid, or not for this account.' },
  LAST_OWNER: { status: 409, message: 'A workspace keeps an owner: transfer the ownership first.' },
  TOO_MANY: { status: 409, message: 'There are as many as there can be.' },

  // imports
  WRONG_ENCODING: { status: 400, message: 'The file is not text in an encoding that can be recognised.' },
  MISSING_COLUMNS: { status: 400, message: 'The file lacks a column that is needed.' },
  MALFORMED_FILE: { status: 400, message: 'The file is not of the format it should be.' },

  // the engines
  WRONG_EXPECTED_REVISION: { status: 409, message: 'The stream is not at the expected revision.' },
  EVENT_TOO_LARGE: { status: 413, message: 'The event is larger than the store accepts.' },
  CLAIM_TAKEN: { status: 409, message: 'The claim belongs to another owner.' },
  STORAGE_FULL: { status: 507, message: 'The disk is full; nothing was written.' },
  STORE_FAILED: { status: 503, message: 'The store could not carry out the request; nothing was acknowledged.' },
  STORE_UNREACHABLE: { status: 503, message: 'A store does not answer; nothing was acknowledged.' },
  STORE_UNAUTHORISED: { status: 503, message: 'A store does not let this user do that.' },
  FOREIGN_STORE: { status: 500, message: 'A store belongs to another installation.' },
  NEWER_VERSION: {
    status: 500,
    message: 'A newer version of this product has written to these data; start that one, or a newer.',
  },
  COMPACTION_UNAVAILABLE: {
    status: 501,
    message: 'The engine that keeps the history removes nothing at our request: truncation and scavenge are its own.',
  },
  CORRUPT_EVENT: { status: 500, message: 'An event in the history cannot be read.' },
  CORRUPT_STORE: { status: 500, message: 'A data file is damaged or was not written by this installation.' },
  WRONG_MASTER_KEY: { status: 500, message: 'The master key does not open this data directory.' },
  DATA_DIR_LOCKED: { status: 500, message: 'Another process is using this data directory.' },
  KMS_FAILED: { status: 503, message: 'The key management service could not carry out the request.' },
  LEDGER_UNWRITABLE: { status: 503, message: 'The erasure ledger cannot be written; nothing was destroyed.' },
  ACCESS_LOG_UNWRITABLE: {
    status: 503,
    message:
      'That personal data was read cannot be recorded, so it is not shown; a command that asked for it did succeed.',
  },
  LEDGER_BROKEN: { status: 500, message: 'The erasure ledger is missing, damaged or older than the data.' },
  DATA_BEHIND_LEDGER: {
    status: 500,
    message: 'The data are older than the erasure ledger: whoever was erased since would be back.',
  },
  DATA_DIR_NOT_EMPTY: { status: 500, message: 'The data directory holds data already; nothing was overwritten.' },
  RESTORE_UNFINISHED: {
    status: 500,
    message: 'A restore into this data directory did not come to its end; run it again.',
  },
  BACKUP_DAMAGED: { status: 500, message: 'A file of the backup is missing or not as it was written.' },
  BACKUP_OF_ANOTHER_INSTALLATION: { status: 500, message: 'The backup is of another installation.' },
  KEY_DESTROYED: { status: 410, message: 'The key was destroyed.' },
  CONSISTENCY_TIMEOUT: {
    status: 504,
    message: 'The command did succeed; the read models have not caught up with it in time.',
  },
  PROJECTION_STOPPED: {
    status: 503,
    message: 'The command did succeed; a read model that shows it has stopped and needs attention.',
  },
  REQUEST_TIMEOUT: {
    status: 503,
    message: 'The request took longer than allowed; what it began may still be completed.',
  },
  OVERLOADED: { status: 503, message: 'The server has more work than it can queue; try again shortly.' },
  BAD_CONFIGURATION: { status: 500, message: 'The configuration is not usable.' },
  INTERNAL: { status: 500, message: 'Something went wrong on our side; the id finds it in the log.' },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** What may be said beside a code. Never a value that a person entered: names of fields, numbers, ids of ours. */
export interface ErrorDetails {
  /** Dotted path of the offending argument, e.g. `input.emails.0.value`. */
  readonly field?: string;
  /** A fixed sentence of our own that says more than the table's, without any entered value. */
  readonly reason?: string;
  readonly position?: string;
  readonly limit?: number;
  readonly actual?: number;
  readonly expected?: number;
  /** Seconds to wait before trying again. */
  readonly retryAfter?: number;
}

/** The one error that is meant for a caller. Anything else that is thrown is a bug and is masked. */
export class CrmError extends Error {
  override readonly name = 'CrmError';
  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(details.reason ?? errorTable[code].message, options);
  }
}

export const isCrmError = (error: unknown, code?: ErrorCode): error is CrmError =>
  error instanceof CrmError && (code === undefined || error.code === code);
