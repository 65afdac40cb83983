import { createHash, randomBytes } from 'node:crypto';

/** The engines that a test can be run against, each with the variable that says where one is. */
const VARIABLES = { KurrentDB: 'TEST_KURRENTDB_URL', MongoDB: 'TEST_MONGODB_URL' } as const;

export type Engine = keyof typeof VARIABLES;

/** Where the engines are that a suite has asked for. Empty texts while its tests are skipped: to be used in tests and hooks only. */
export type EngineUrls = { readonly [engine in Engine]: string };

/** The variables of those that are not given. */
export const missingEngines = (engines: readonly Engine[]): readonly string[] =>
  engines.map((engine) => VARIABLES[engine]).filter((variable) => !process.env[variable]);

/**
 * A suite for real engines (`npm run test:engines`). Where one of them is not given, every test of it is counted as
 * skipped, under a name that says which variable is missing.
 */
export const onEngines = (engines: readonly Engine[], name: string, define: (urls: EngineUrls) => void): void => {
  const urls = {
    KurrentDB: process.env[VARIABLES.KurrentDB] ?? '',
    MongoDB: process.env[VARIABLES.MongoDB] ?? '',
  };
  const missing = missingEngines(engines);
  if (missing.length === 0) describe(name, () => define(urls));
  else describe.skip(`${name} (${missing.join(' and ')} not given)`, () => define(urls));
};

/** A name that no other test has used on an engine that all of them share: for a database or a namespace. */
export const freshName = (): string => `crmtest${randomBytes(6).toString('hex')}`;

/** The URL of a namespace of its own on a KurrentDB. */
export const inNamespace = (url: string, name = freshName()): string =>
  `${url}${url.includes('?') ? '&' : '?'}namespace=${name}`;

/** The same MongoDB, another database. */
export const inDatabase = (url: string, database: string): string => {
  const [, before, after] = /^([^?]*?:\/\/[^/?]+)(?:\/[^?]*)?(.*)$/.exec(url)!;
  return `${before}/${database}${after}`;
};

/** Where engines are that servers share. */
export interface EngineLocations {
  readonly events: string;
  /** A MongoDB, with a database of its own. */
  readonly documents: string;
}

/** The stores of an installation there. */
export const storesAt = ({ events, documents }: EngineLocations) => ({
  EVENT_STORE_URL: events,
  READ_STORE_URL: documents,
  STATE_STORE_URL: documents,
  VAULT_URL: documents,
});

const run = randomBytes(8);

/** Of an installation in a directory: its stores on the engines that are given, where the suite runs on them (`engineSuites.ts`). */
export const storesFor = (directory: string): NodeJS.ProcessEnv => {
  if (process.env.TEST_STORES !== 'engines') return {};
  const name = `crmtest${createHash('sha256').update(run).update(directory).digest('hex').slice(0, 12)}`;
  const events = inNamespace(process.env[VARIABLES.KurrentDB]!, name);
  return storesAt({ events, documents: inDatabase(process.env[VARIABLES.MongoDB]!, name) });
};
