import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { getDistDirectory, isSandboxFrame, renderAltair } from 'altair-static';
import type { FastifyInstance } from 'fastify';

export const EXPLORER_PATH = '/explorer';

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

/**
 * Serves Altair, a GraphQL explorer, from its package: nothing is fetched from elsewhere, and the policy sent with the page
 * forbids it. What would need elsewhere (accounts, plugins) and scripts before requests are left out.
 */
export function serveExplorer(app: FastifyInstance, graphqlPath: string): void {
  const files = staticFiles();
  const page = explorerPage(graphqlPath);
  const policy = contentSecurityPolicy(page);
  app.get(EXPLORER_PATH, (_, reply) =>
    reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }).send(page),
  );
  app.get<{ Params: { '*': string } }>(`${EXPLORER_PATH}/*`, async (request, reply) => {
    const file = files.get(request.params['*']);
    if (file === undefined) return reply.callNotFound();
    return reply
      .headers({ 'content-type': file.type, 'cache-control': 'public, max-age=3600' })
      .send(await readFile(file.path));
  });
}

interface StaticFile {
  readonly path: string;
  readonly type: string;
}

/** The package's files by the path they are asked for; what is not listed here is not served. */
function staticFiles(): ReadonlyMap<string, StaticFile> {
  const root = getDistDirectory();
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path).split(sep).join('/');
    const type = types[extname(name)];
    if (entry.isFile() && type !== undefined && !isSandboxFrame(name)) files.set(name, { path, type });
  }
  return files;
}

const explorerPage = (graphqlPath: string): string =>
  renderAltair({
    baseURL: `${EXPLORER_PATH}/`,
    endpointURL: graphqlPath,
    subscriptionsEndpoint: graphqlPath,
    initialSubscriptionRequestHandlerId: 'graphql-ws',
    initialHeaders: { authorization: 'Bearer ', 'x-workspace': '' },
    initialQuery: '# The schema is under Docs.\n{\n  __typename\n}\n',
    disableAccount: true,
    preserveState: false, // or tokens and variables would stay in the browser
    persistedSettings: {
      'banners.disable': true,
      'alert.disableUpdateNotification': true,
      disablePushNotification: true,
      'plugin.list': [],
    },
  });

/** Angular writes styles inline; scripts are the package's, and the one in the page by its hash (CSP level 3 section 2.3.1). */
function contentSecurityPolicy(page: string): string {
  const inline = /<script type="module" nonce="">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(inline).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
