import { CrmError } from '../errors.js';
import type { OpenIdProvider } from '../identity/access/openIdClient.js';
import { secretFrom } from './secretFile.js';

type Environment = { readonly [name: string]: string | undefined };

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Providers that people may sign in at: `OPENID_PROVIDERS=google,work`, and for each `OPENID_GOOGLE_ISSUER`,
 * `OPENID_GOOGLE_CLIENT_ID` and, unless it is a public client, `OPENID_GOOGLE_CLIENT_SECRET_FILE`.
 * Error: BAD_CONFIGURATION, naming the variable.
 */
export const readOpenIdConfig = (env: Environment): readonly OpenIdProvider[] => {
  const names = (env.OPENID_PROVIDERS ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (!names.every((name) => NAME.test(name)) || new Set(names).size < names.length) {
    throw unusable('OPENID_PROVIDERS takes names of small letters, each once, with commas between them.');
  }
  return names.map((name) => providerOf(name, env));
};

const providerOf = (name: string, env: Environment): OpenIdProvider => {
  const prefix = `OPENID_${name.toUpperCase().replaceAll('-', '_')}`;
  const clientId = env[`${prefix}_CLIENT_ID`];
  if (!clientId) throw unusable(`${prefix}_CLIENT_ID is missing.`);
  const secret = secretFrom(env, `${prefix}_CLIENT_SECRET`);
  const clientSecret = secret && (() => secret.reveal());
  return { name, issuer: issuerOf(`${prefix}_ISSUER`, env), clientId, clientSecret };
};

/** Who says who people are has to be asked over TLS, or on this machine. */
const issuerOf = (variable: string, env: Environment): URL => {
  const text = env[variable] ?? '';
  const issuer = URL.canParse(text) ? new URL(text) : null;
  const isSafe = issuer?.protocol === 'https:' || (issuer?.protocol === 'http:' && LOOPBACK.test(issuer.hostname));
  if (issuer === null || !isSafe) throw unusable(`${variable} must be like https://accounts.example.com.`);
  return issuer;
};

const unusable = (reason: string) => new CrmError('BAD_CONFIGURATION', { reason });
