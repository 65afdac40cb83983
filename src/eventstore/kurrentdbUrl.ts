import { CrmError } from '../errors.js';

export interface KurrentUrl {
  /** What the client connects by. Holds the password: never to be printed. */
  readonly connectionString: string;
  /** What names of streams and types begin with in the engine, a point at its end. */
  readonly prefix: string;
}

export const KURRENTDB_SCHEMES = [
  'kurrentdb',
  'kurrentdb+discover',
  'kurrent',
  'kurrent+discover',
  'kdb',
  'kdb+discover',
];

/** Of one server, several applications may be users: ours, where nothing else is said. */
const DEFAULT_NAMESPACE = 'crm';
const NAMESPACE = /^[a-z][a-z0-9]{0,31}$/;

/**
 * Those of the client's options that make sense here, as it spells them with or without capitals. Of others it would
 * warn on the terminal with the whole of the URL, password and all; `throwOnAppendFailure` would hide refusals.
 */
const OPTIONS = new Set(
  [
    'tls',
    'tlsVerifyCert',
    'tlsCAFile',
    'userCertFile',
    'userKeyFile',
    'nodePreference',
    'maxDiscoverAttempts',
    'discoveryInterval',
    'gossipTimeout',
    'keepAliveInterval',
    'keepAliveTimeout',
    'connectionName',
  ].map((name) => name.toLowerCase()),
);

/**
 * `kurrentdb://user:password@host:2113?tls=…&namespace=…`, as KurrentDB's own connection strings, but for `namespace`,
 * which is ours. Error: BAD_CONFIGURATION, which says what is wrong and nothing of what was given.
 */
export const parseKurrentUrl = (url: string): KurrentUrl => {
  const [address, query = '', ...more] = url.trim().split('?');
  const scheme = /^([a-z+]+):\/\/[^/]/.exec(address!)?.[1];
  if (scheme === undefined || !KURRENTDB_SCHEMES.includes(scheme) || more.length > 0) {
    throw bad('A KurrentDB URL is kurrentdb://user:password@host:2113?option=value.');
  }
  const options = query.split('&').filter((option) => option !== '');
  const [namespaces, rest] = [options.filter(isNamespace), options.filter((option) => !isNamespace(option))];
  const namespace = namespaces.at(-1)?.slice('namespace='.length) ?? DEFAULT_NAMESPACE;
  if (!NAMESPACE.test(namespace))
    throw bad('The namespace of a KurrentDB URL is up to 32 letters and digits, in lower case.');
  for (const option of rest) {
    const [name, value] = option.split('=');
    if (!OPTIONS.has(name!.toLowerCase()) || !value) throw bad('The KurrentDB URL has an option that is not known.');
  }
  const connectionString = rest.length === 0 ? address! : `${address}?${rest.join('&')}`;
  return { connectionString, prefix: `${namespace}.` };
};

const isNamespace = (option: string): boolean => option.startsWith('namespace=');

const bad = (reason: string): CrmError => new CrmError('BAD_CONFIGURATION', { reason });
