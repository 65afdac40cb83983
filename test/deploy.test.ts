import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { readConfig } from '../src/app/config.js';
import { readTls } from '../src/app/surfaceConfig.js';
import { temporaryDirectory } from './support/temporary.js';

/** What is asked of a service here; the rest is Docker's to judge. */
interface Service {
  readonly build?: string;
  readonly image?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly command?: readonly string[];
  readonly environment?: { readonly [name: string]: string | number };
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly deploy?: { readonly resources: { readonly limits: { readonly [name: string]: unknown } } };
  readonly depends_on?: { readonly [service: string]: { readonly condition: string } };
}

interface Composition {
  readonly services: { readonly [name: string]: Service };
  readonly volumes: { readonly [name: string]: unknown };
}

const root = resolve(import.meta.dirname, '..');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
// It has no types.
const { safeLoad } = createRequire(import.meta.url)('js-yaml') as { safeLoad(text: string): unknown };
const compositionIn = (file: string) => safeLoad(textOf(file)) as Composition;

const isOurs = ([name]: readonly [string, Service]): boolean => /^crm(-\d)?$/.test(name);
/** Says `/secrets/…` in the volume that the service has there. */
const secretsOf = ({ volumes = [] }: Service): string | undefined =>
  volumes.map((volume) => /^(\w+)-secrets:\/secrets(?::ro)?$/.exec(volume)?.[1]).find((each) => each !== undefined);

/** Runs the script as the composition does, into a directory instead of volumes. */
const makeSecrets = ({ services }: Composition, directory: string): void => {
  const env = { ...process.env, SECRETS_DIR: directory, CRM_HOST: 'crm.example' };
  execFileSync('sh', [join(root, 'deploy/certificates.sh'), ...services.certificates!.command!], { env });
};

const routes = [...textOf('schema/server.ts').matchAll(/app\.get\('(\/health\/\w+)'/g)].map(([, path]) => path);

describe.each(['compose.yaml', 'compose.cluster.yaml'])('%s', (file) => {
  const composition = compositionIn(file);
  const services = Object.entries(composition.services);
  const temporary = temporaryDirectory();

  test('[P5.5] no service is root, writes to its image, or has more rights or means than it was given', () => {
    for (const [name, service] of services) {
      expect([name, service.read_only, service.cap_drop]).toEqual([name, true, ['ALL']]);
      expect([name, service.cap_add ?? []]).toEqual([name, name === 'proxy' ? ['NET_BIND_SERVICE'] : []]);
      expect(service.security_opt).toContain('no-new-privileges:true');
      expect([name, service.user]).toEqual([name, expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
      expect(Object.keys(service.deploy!.resources.limits)).toEqual(['cpus', 'memory', 'pids']);
    }
  });

  test('[P5.5] there is no password in it, and none comes by a variable', () => {
    expect(textOf(file)).not.toMatch(/:\/\/[^\s/]*:[^\s/]*@|changeit/);
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|TOKEN|_KEY|URL_FILE/.test(name))
          expect([name, value]).toEqual([name, expect.stringMatching(/^\//)]);
      }
    }
  });

  test('the server reads every variable that is set for it', () => {
    const read = new Set<string>(['NODE_EXTRA_CA_CERTS']);
    readConfig(new Proxy({}, { get: (_target, name) => void read.add(String(name)) }));
    for (const [, { environment = {} }] of services.filter(isOurs)) {
      expect(Object.keys(environment).filter((name) => !read.has(name))).toEqual([]);
    }
  });

  test('what runs on is asked whether it is well, and ours by a path that it answers', () => {
    for (const [name, { restart, healthcheck }] of services) {
      expect([name, healthcheck !== undefined]).toEqual([name, restart !== 'no']);
    }
    const asked = [textOf(file), textOf('deploy/Caddyfile'), textOf('Dockerfile')]
      .flatMap((text) => [...text.matchAll(/(?:127\.0\.0\.1:4000|localhost:8443|health_uri )(\/[\w/]+)/g)])
      .map(([, path]) => path);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(routes).toEqual(expect.arrayContaining(asked));
  });

  test('every file, volume and service that it names is there', () => {
    for (const [, { build, volumes = [], depends_on = {} }] of services) {
      if (build !== undefined) expect(existsSync(join(root, build, 'Dockerfile'))).toBe(true);
      for (const [source] of volumes.map((volume) => volume.split(':') as [string])) {
        if (source.startsWith('.')) expect([source, existsSync(join(root, source))]).toEqual([source, true]);
        else expect(Object.keys(composition.volumes)).toContain(source);
      }
      expect(Object.keys(composition.services)).toEqual(expect.arrayContaining(Object.keys(depends_on)));
    }
  });

  test('[P5.1] its script makes every secret that it names, and the server takes them; made again, they stay', () => {
    const directory = temporary.path();
    makeSecrets(composition, directory);
    const authority = new X509Certificate(readFileSync(join(directory, 'authority/ca.crt')));
    for (const [name, service] of services) {
      const volume = secretsOf(service);
      if (volume === undefined) continue;
      for (const [, path] of JSON.stringify(service).matchAll(/"[^"]*?\/secrets\/([\w./-]+)"/g)) {
        expect([name, path, existsSync(join(directory, volume, path!))]).toEqual([name, path, true]);
      }
      const file = join(directory, volume, `${name}.crt`);
      if (!existsSync(file)) continue;
      const certificate = new X509Certificate(readFileSync(file));
      expect([name, certificate.verify(authority.publicKey), certificate.checkHost(name)]).toEqual([name, true, name]);
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      // Each engine takes for one of its own nodes whoever has these.
      expect([name, /CN=kurrentdb-node/.test(certificate.subject)]).toEqual([name, name.startsWith('kurrentdb')]);
      expect([name, /OU=MongoDB/.test(certificate.subject)]).toEqual([name, name.startsWith('mongodb')]);
    }
    const readUrls = () =>
      ['event-store-url', 'store-url'].map((name) => readFileSync(join(directory, 'crm', name), 'utf8'));
    const urls = readUrls();
    for (const [, { environment = {} }] of services.filter(isOurs)) {
      const env = Object.entries(environment).map(([name, value]) => [
        name,
        String(value)
          .replace('/secrets', join(directory, 'crm'))
          .replace(/\$\{\w+:-(.*)\}/, '$1'),
      ]);
      const { stores, surface } = readConfig(Object.fromEntries(env));
      expect(Object.values(stores).map(({ engine }) => engine)).toEqual(['kurrentdb', 'mongodb', 'mongodb', 'mongodb']);
      expect(readTls(surface.tls!).cert).toMatch(/BEGIN CERTIFICATE/);
    }
    const hosts = urls.flatMap((url) => url.split('@')[1]!.split(/[/?]/)[0]!.split(','));
    const engines = services.map(([name]) => name).filter((name) => /^(kurrentdb|mongodb)(-\d)?$/.test(name));
    expect(hosts.map((host) => host.split(':')[0])).toEqual(engines);
    const certificates = () =>
      services.filter(isOurs).map(([name]) => readFileSync(join(directory, 'crm', `${name}.crt`), 'utf8'));
    const before = [...urls, ...certificates()];
    makeSecrets(composition, directory);
    expect([...readUrls(), ...certificates()]).toEqual(before);
  });
});

test('what an image is built from is there, and is not left out of the context', () => {
  const ignored = textOf('.dockerignore').split('\n').filter(Boolean);
  for (const context of ['.', 'deploy']) {
    const copies = [...textOf(join(context, 'Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
    expect(copies.length).toBeGreaterThan(0);
    for (const source of copies.flatMap(([, sources]) => sources!.split(' '))) {
      expect([source, existsSync(join(root, context, source))]).toEqual([source, true]);
      if (context === '.') expect(ignored).not.toContain(source);
    }
  }
  // Read when the image is built, by `npm run build`.
  for (const needed of ['tsconfig.json', 'tsconfig.build.json', 'src', 'projections', 'schema']) {
    expect(ignored).not.toContain(needed);
  }
});
