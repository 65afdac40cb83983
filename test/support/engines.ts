import { randomBytes } from 'node:crypto';

/** The engines that a test can be run against, each with the variable that says where one is. */
const VARIABLES = { KurrentDB: 'TEST_KURRENTDB_URL', MongoDB: 'TEST_MONGODB_URL' } as const;

export type Engine = keyof typeof VARIABLES;

/** Where the engines are that a suite has asked for. Empty texts while its tests are skipped: to be used in tests and hooks only. */
export type EngineUrls = { readonly [engine in Engine]: string };

/**
 * A suite for real engines (`npm run test:engines`). Where one of them is not given, every test of it is counted as
 * skipped, under a name that says which variable is missing.
 */
export const onEngines = (engines: readonly Engine[], name: string, define: (urls: EngineUrls) => void): void => {
  const urls = {
    KurrentDB: process.env[VARIABLES.KurrentDB] ?? '',
    MongoDB: process.env[VARIABLES.MongoDB] ?? '',
  };
  const missing = engines.filter((engine) => urls[engine] === '').map((engine) => VARIABLES[engine]);
  if (missing.length === 0) describe(name, () => define(urls));
  else describe.skip(`${name} (${missing.join(' and ')} not given)`, () => define(urls));
};

/** A name that no other test has used on an engine that all of them share: for a database or a namespace. */
export const freshName = (): string => `crmtest${randomBytes(6).toString('hex')}`;

/** The URL of a namespace of its own on a KurrentDB. */
export const inNamespace = (url: string): string => `${url}${url.includes('?') ? '&' : '?'}namespace=${freshName()}`;
