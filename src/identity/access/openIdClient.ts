import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  None,
  ResponseBodyError,
} from 'openid-client';
import { CrmError } from '../../errors.js';

/** Somebody who says who people are (OpenID Connect Core 1.0). */
export interface OpenIdProvider {
  readonly name: string;
  readonly issuer: URL;
  readonly clientId: string;
  /** None for a public client: PKCE alone then ties the code to us. */
  readonly clientSecret?: () => string;
}

/** What ties an answer to the question: each is good for one, and none of them can be guessed. */
export interface OpenIdChecks {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636 section 4.1). */
  readonly codeVerifier: string;
}

/** Whom a provider has said somebody is. `issuer` and `subject` together are one person; an address is what they say of it. */
export interface OpenIdIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly emailVerified: boolean;
}

/** Providers are other people's servers: nobody waits longer for one. */
const TIMEOUT_S = 8;
const SCOPE = 'openid email';
/** What an answer behind `?` may have at most; codes are some hundred characters. */
const MAX_RESPONSE = 4_096;

/** Signing in at others, by authorisation code with PKCE, state and nonce (RFC 9700 section 2.1). */
export class OpenIdClient {
  /** What a provider says of itself, asked once; a failure is forgotten. */
  readonly #discovered = new Map<string, Promise<Configuration>>();

  constructor(
    private readonly providers: readonly OpenIdProvider[],
    /** The one page that providers send people back to. */
    private readonly redirectUri: string,
  ) {}

  get names(): readonly string[] {
    return this.providers.map(({ name }) => name);
  }

  /** Where to send somebody. Errors: NOT_FOUND, PROVIDER_UNAVAILABLE. */
  async authorizationUrl(provider: string, { state, nonce, codeVerifier }: OpenIdChecks): Promise<string> {
    const configuration = await this.#configurationOf(provider);
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: this.redirectUri,
      scope: SCOPE,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
    return url.href;
  }

  /**
   * Whom the provider says they are, from what stands behind `?` where they came back to.
   * Errors: PROVIDER_REFUSED for anything that is no proof, PROVIDER_UNAVAILABLE.
   */
  async identity(provider: string, response: string, checks: OpenIdChecks): Promise<OpenIdIdentity> {
    if (response.length > MAX_RESPONSE) throw new CrmError('PROVIDER_REFUSED', { field: 'response' });
    const configuration = await this.#configurationOf(provider);
    const url = new URL(this.redirectUri);
    url.search = response.replace(/^\?/, '');
    try {
      const tokens = await authorizationCodeGrant(configuration, url, {
        expectedState: checks.state,
        expectedNonce: checks.nonce,
        pkceCodeVerifier: checks.codeVerifier,
        idTokenExpected: true,
      });
      const { iss: issuer, sub: subject, ...said } = tokens.claims()!;
      const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
      const { email, email_verified } =
        said.email === undefined && hasMore ? await fetchUserInfo(configuration, tokens.access_token, subject) : said;
      return {
        issuer,
        subject,
        email: typeof email === 'string' ? email : null,
        emailVerified: email_verified === true,
      };
    } catch (error) {
      // What the library says may quote what was sent.
      throw new CrmError(isOutage(error) ? 'PROVIDER_UNAVAILABLE' : 'PROVIDER_REFUSED', { field: 'response' });
    }
  }

  async #configurationOf(name: string): Promise<Configuration> {
    const provider = this.providers.find((each) => each.name === name);
    if (provider === undefined) throw new CrmError('NOT_FOUND', { field: 'provider' });
    const known = this.#discovered.get(name) ?? discovered(provider);
    this.#discovered.set(name, known);
    try {
      return await known;
    } catch {
      this.#discovered.delete(name);
      throw new CrmError('PROVIDER_UNAVAILABLE', { field: 'provider' });
    }
  }
}

const discovered = ({ issuer, clientId, clientSecret }: OpenIdProvider): Promise<Configuration> =>
  discovery(issuer, clientId, clientSecret?.(), clientSecret === undefined ? None() : undefined, {
    timeout: TIMEOUT_S,
    // The configuration takes such an issuer on this machine alone.
    execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
  });

const OUTAGES = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
]);
const SAID_TO_BE_OUT = new Set(['server_error', 'temporarily_unavailable']);

/** Whether it was the provider that failed, rather than the proof. */
const isOutage = (error: unknown): boolean => {
  if (error instanceof ResponseBodyError) return error.status >= 500 || SAID_TO_BE_OUT.has(error.error);
  if (error instanceof AuthorizationResponseError) return SAID_TO_BE_OUT.has(error.error);
  const { code, message, cause } = error as { code?: unknown; message?: unknown; cause?: unknown };
  // What undici says of a connection that was not to be had, whatever stands behind it.
  if (message === 'fetch failed' || OUTAGES.has(String(code))) return true;
  return typeof cause === 'object' && cause !== null && isOutage(cause);
};
