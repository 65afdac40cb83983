import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { CrmError } from '../errors.js';
import { readSecretFile } from './secretFile.js';

/** How the server meets the network; `schema/surface.ts` says what each is for. */
export interface SurfaceConfig {
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly proxies: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly introspection: boolean;
  readonly persistedOperationsFile?: string;
  readonly securityContact: string;
  readonly requestsPerSecond?: number;
  readonly costPerSecond?: number;
}

type Environment = { readonly [name: string]: string | undefined };

/** Where the privacy policy says that people reach us. */
const DEFAULT_CONTACT = 'mailto:support@bpoassistant.site';

/** Reads the environment. Error: BAD_CONFIGURATION, naming the variable. */
export const readSurfaceConfig = (env: Environment): SurfaceConfig => ({
  tls: tlsFiles(env),
  proxies: listOf(env, 'TRUST_PROXY', isProxy, 'addresses or ranges like 10.0.0.0/8, or loopback'),
  corsOrigins: listOf(env, 'CORS_ORIGINS', isOrigin, 'origins like https://app.example'),
  introspection: switchOf(env, 'INTROSPECTION') ?? env.NODE_ENV !== 'production',
  persistedOperationsFile: env.PERSISTED_OPERATIONS_FILE,
  securityContact: contactOf(env),
  requestsPerSecond: rateOf(env, 'REQUESTS_PER_SECOND'),
  costPerSecond: rateOf(env, 'COST_PER_SECOND'),
});

/**
 * Certificate and key as the files have them now. Error: BAD_CONFIGURATION where they cannot be read, are not what they
 * should be, do not belong together, or anybody may read the key.
 */
export const readTls = ({ certFile, keyFile }: NonNullable<SurfaceConfig['tls']>): { cert: string; key: string } => {
  const key = readSecretFile(keyFile, 'TLS_KEY_FILE');
  const cert = textOf(certFile, 'TLS_CERT_FILE');
  let belong: boolean;
  try {
    belong = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'TLS_CERT_FILE or TLS_KEY_FILE is not PEM.' }, { cause });
  }
  if (!belong) throw unusable('TLS_CERT_FILE is not for the key in TLS_KEY_FILE.');
  return { cert, key };
};

/** A file's text. Error: BAD_CONFIGURATION. */
export const textOf = (file: string, variable: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CrmError('BAD_CONFIGURATION', { reason: `${variable} cannot be read.` }, { cause });
  }
};

const unusable = (reason: string) => new CrmError('BAD_CONFIGURATION', { reason });

const tlsFiles = ({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Environment): SurfaceConfig['tls'] => {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) throw unusable('TLS_CERT_FILE and TLS_KEY_FILE go together.');
  return { certFile, keyFile };
};

const listOf = (env: Environment, name: string, fits: (each: string) => boolean, what: string): readonly string[] => {
  const list = (env[name] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  if (!list.every(fits)) throw unusable(`${name} takes ${what}, with commas between them.`);
  return list;
};

const isProxy = (name: string): boolean => {
  if (name === 'loopback') return true;
  const [address = '', bits, ...more] = name.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
};

const isOrigin = (text: string): boolean => {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  return new URL(text).origin === text;
};

const switchOf = (env: Environment, name: string): boolean | undefined => {
  const text = env[name];
  if (text !== undefined && text !== 'on' && text !== 'off') throw unusable(`${name} is on or off.`);
  return text === undefined ? undefined : text === 'on';
};

const contactOf = ({ SECURITY_CONTACT: contact = DEFAULT_CONTACT }: Environment): string => {
  if (!/^(?:mailto:|https:\/\/|tel:)[\x21-\x7e]+$/.test(contact)) {
    throw unusable('SECURITY_CONTACT is a URI: mailto:, https: or tel: (RFC 9116 section 2.5.3).');
  }
  return contact;
};

const rateOf = (env: Environment, name: string): number | undefined => {
  const text = env[name];
  if (text !== undefined && !/^[1-9]\d{0,9}$/.test(text)) throw unusable(`${name} is a whole number above 0.`);
  return text === undefined ? undefined : Number(text);
};
