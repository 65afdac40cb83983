import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type JWK, type KoaContextWithOIDC } from 'oidc-provider';

export const CLIENT_SECRET = 'a secret between the two of us';

/** Somebody whom the provider knows. */
export interface KnownPerson {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

export interface TestProvider {
  readonly issuer: string;
  /** Who goes there in a browser and signs in as somebody; answers the address that they are sent back to. */
  visit(url: string, person: KnownPerson): Promise<URL>;
  /** Where set, the provider gives out this ID token in place of its own, once. */
  swap: { idToken?: string };
  /** An ID token, genuine, for another client. */
  tokenForAnother(nonce: string, person: KnownPerson): Promise<string>;
  close(): Promise<void>;
}

const OTHER_CLIENT = 'somebody-else';

const signingKey = (): JWK => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' } as JWK;
};

/** A real provider of OpenID Connect on a free port, whose sign-in page believes whoever comes. */
export const startOpenIdProvider = async (redirectUri: string): Promise<TestProvider> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, KnownPerson>();
  const provider = providerAt(issuer, redirectUri, people);
  const swap: TestProvider['swap'] = {};
  provider.use(async (ctx, next) => {
    await next();
    const { idToken } = swap;
    if (ctx.path !== '/token' || idToken === undefined) return;
    ctx.body = { ...(ctx.body as object), id_token: idToken };
    delete swap.idToken;
  });
  const visitor = { sub: '' };
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void answer(request, response);
    void provider.interactionFinished(request, response, { login: { accountId: visitor.sub } });
  });
  const visit = (url: string, person: KnownPerson): Promise<URL> => {
    people.set(person.sub, person);
    visitor.sub = person.sub;
    return redirected(url, redirectUri);
  };
  return {
    issuer,
    visit,
    swap,
    tokenForAnother: async (nonce, person) => {
      const asked = {
        client_id: OTHER_CLIENT,
        response_type: 'code',
        scope: 'openid',
        redirect_uri: redirectUri,
        nonce,
      };
      const back = await visit(`${issuer}/auth?${new URLSearchParams(asked)}`, person);
      const body = new URLSearchParams({
        ...{ grant_type: 'authorization_code', code: back.searchParams.get('code')!, redirect_uri: redirectUri },
        ...{ client_id: OTHER_CLIENT, client_secret: CLIENT_SECRET },
      });
      const tokens = (await (await fetch(`${issuer}/token`, { method: 'POST', body })).json()) as { id_token: string };
      return tokens.id_token;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const providerAt = (issuer: string, redirectUri: string, people: ReadonlyMap<string, KnownPerson>): Provider =>
  new Provider(issuer, {
    clients: ['crm', OTHER_CLIENT].map((client_id) => ({
      client_id,
      client_secret: CLIENT_SECRET,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_post' as const,
    })),
    jwks: { keys: [signingKey()] },
    cookies: { keys: ['of the test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: (_, { clientId }) => clientId === 'crm' },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...people.get(sub)! }) }),
    // Who signs in has said yes to everything that is asked for.
    loadExistingGrant: async ({ oidc }: KoaContextWithOIDC) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client!.clientId, accountId: oidc.session!.accountId! });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  });

const MAX_REDIRECTS = 10;

/** Follows redirects as a browser does, with its cookies, up to the page that is ours. */
const redirected = async (url: string, until: string): Promise<URL> => {
  const cookies = new Map<string, string>();
  let at = new URL(url);
  for (let times = 0; times < MAX_REDIRECTS; times++) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      if (value === '') cookies.delete(name!);
      else cookies.set(name!, value!);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`The provider answered ${response.status}: ${await response.text()}`);
    at = new URL(location, at);
    if (at.href.startsWith(until)) return at;
  }
  throw new Error('The provider sends round in circles.');
};
