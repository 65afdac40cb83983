/** What was found of a running installation. `null` stands for what could not be found out. */
export interface Facts {
  /** Files of the data directory, and the directory itself, with their permission bits. */
  readonly dataFiles: readonly { readonly name: string; readonly mode: number }[];
  readonly masterKey: { readonly mode: number; readonly ageDays: number } | null;
  /** How clients reach it: over TLS served here, at a trusted proxy, or only from the machine itself. */
  readonly transport: 'tls' | 'proxy' | 'loopback' | 'plain';
  readonly certificateDaysLeft: number | null;
  readonly production: boolean;
  readonly introspection: boolean;
  /** Rates above the defaults, as a multiple of them. */
  readonly rateFactor: number;
  readonly stoppedProjections: number;
  readonly lagSeconds: number;
  /** Owners and administrators whose account has no second factor. */
  readonly adminsWithoutSecondFactor: number | null;
  readonly backupAgeDays: number | null;
  /** Known vulnerabilities of high or critical severity in what the product depends on. */
  readonly advisories: number | null;
}

export type Verdict = 'met' | 'unmet' | 'unknown';

/** A code for what was checked, how it stands, and the number that it hangs on, where there is one. */
export interface Finding {
  readonly check: CheckCode;
  readonly verdict: Verdict;
  readonly measured?: number;
}

const MAX_KEY_AGE_DAYS = 400;
const MIN_CERTIFICATE_DAYS = 14;
const MAX_BACKUP_AGE_DAYS = 2;
const MAX_LAG_S = 60;
/** Rates this far above the defaults bound nothing any more. */
const MAX_RATE_FACTOR = 100;
const OTHERS_BITS = 0o077;

const verdict = (met: boolean): Verdict => (met ? 'met' : 'unmet');
const judged = (measured: number | null, met: (measured: number) => boolean) =>
  measured === null ? { verdict: 'unknown' as const } : { verdict: verdict(met(measured)), measured };

/** Every check: what is asked, and how facts answer it. Codes stand in the history and never change their meaning. */
export const checks = {
  'data-file-modes': {
    asks: 'The data directory and its files are for their owner alone.',
    judge: ({ dataFiles }: Facts) => judged(dataFiles.filter(({ mode }) => mode & OTHERS_BITS).length, (n) => n === 0),
  },
  'master-key-mode': {
    asks: 'The master key file is for its owner alone.',
    judge: ({ masterKey }: Facts) => judged(masterKey && masterKey.mode & OTHERS_BITS, (bits) => bits === 0),
  },
  'master-key-age': {
    asks: `The master key is at most ${MAX_KEY_AGE_DAYS} days old.`,
    judge: ({ masterKey }: Facts) =>
      judged(masterKey === null ? null : masterKey.ageDays, (days) => days <= MAX_KEY_AGE_DAYS),
  },
  transport: {
    asks: 'Clients reach the server over TLS, or only from the machine itself.',
    judge: ({ transport }: Facts) => ({ verdict: verdict(transport !== 'plain') }),
  },
  certificate: {
    asks: `The certificate served here is good for ${MIN_CERTIFICATE_DAYS} days more.`,
    judge: ({ transport, certificateDaysLeft }: Facts) =>
      transport === 'tls'
        ? judged(certificateDaysLeft, (days) => days >= MIN_CERTIFICATE_DAYS)
        : { verdict: 'met' as const },
  },
  'production-mode': {
    asks: 'Where clients reach it from elsewhere, it runs in production mode.',
    judge: ({ transport, production }: Facts) => ({ verdict: verdict(production || transport === 'loopback') }),
  },
  introspection: {
    asks: 'Where clients reach it from elsewhere, the schema cannot be asked for.',
    judge: ({ transport, introspection }: Facts) => ({ verdict: verdict(!introspection || transport === 'loopback') }),
  },
  'rate-limits': {
    asks: `Rates are limited to less than ${MAX_RATE_FACTOR} times the defaults.`,
    judge: ({ rateFactor }: Facts) => judged(rateFactor, (factor) => factor < MAX_RATE_FACTOR),
  },
  'second-factor': {
    asks: 'Every owner and administrator has a second factor.',
    judge: ({ adminsWithoutSecondFactor }: Facts) => judged(adminsWithoutSecondFactor, (n) => n === 0),
  },
  advisories: {
    asks: 'No dependency has a known vulnerability of high or critical severity.',
    judge: ({ advisories }: Facts) => judged(advisories, (n) => n === 0),
  },
  'backup-age': {
    asks: `The last backup is at most ${MAX_BACKUP_AGE_DAYS} days old.`,
    judge: ({ backupAgeDays }: Facts) => judged(backupAgeDays, (days) => days <= MAX_BACKUP_AGE_DAYS),
  },
  'projections-running': {
    asks: 'No read model has stopped.',
    judge: ({ stoppedProjections }: Facts) => judged(stoppedProjections, (n) => n === 0),
  },
  'projection-lag': {
    asks: `No read model is more than ${MAX_LAG_S} seconds behind.`,
    judge: ({ lagSeconds }: Facts) => judged(lagSeconds, (seconds) => seconds <= MAX_LAG_S),
  },
} as const satisfies {
  readonly [code: string]: { asks: string; judge(facts: Facts): { verdict: Verdict; measured?: number } };
};

export type CheckCode = keyof typeof checks;
export const checkCodes = Object.keys(checks) as [CheckCode, ...CheckCode[]];

/** Judges the facts by every check, in the order of the table. */
export const assessed = (facts: Facts): readonly Finding[] =>
  checkCodes.map((check) => {
    const { verdict: found, measured } = { measured: undefined, ...checks[check].judge(facts) };
    return measured === undefined
      ? { check, verdict: found }
      : { check, verdict: found, measured: Math.round(measured) };
  });
