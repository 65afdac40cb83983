import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Secret, secretFrom } from '../../src/app/secretFile.js';
import { readSurfaceConfig, readTls } from '../../src/app/surfaceConfig.js';
import { certificateFiles, makeCertificate } from '../support/certificate.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const reasonOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_CONFIGURATION' });
    return (error as Error).message;
  }
  throw new Error('The configuration was accepted.');
};
const refused = (env: Record<string, string>) => reasonOf(() => readSurfaceConfig(env));

test('without a word: no proxy is trusted, no other origin allowed, the schema may be asked for, and problems go to support', () => {
  expect(readSurfaceConfig({})).toEqual({
    proxies: [],
    corsOrigins: [],
    introspection: true,
    securityContact: 'mailto:support@bpoassistant.site',
  });
});

test('[P5.5] in production the schema may not be asked for, unless that is switched on', () => {
  expect(readSurfaceConfig({ NODE_ENV: 'production' }).introspection).toBe(false);
  expect(readSurfaceConfig({ NODE_ENV: 'production', INTROSPECTION: 'on' }).introspection).toBe(true);
  expect(readSurfaceConfig({ INTROSPECTION: 'off' }).introspection).toBe(false);
});

test.each([
  ['TRUST_PROXY', 'anybody'],
  ['TRUST_PROXY', '10.0.0.0/33'],
  ['TRUST_PROXY', '10.0.0.0/8/8'],
  ['CORS_ORIGINS', '*'],
  ['CORS_ORIGINS', 'https://app.example/'],
  ['CORS_ORIGINS', 'app.example'],
  ['CORS_ORIGINS', 'null'],
  ['INTROSPECTION', 'true'],
  ['SECURITY_CONTACT', 'security@crm.example'],
  ['SECURITY_CONTACT', 'mailto:a@b\nExpires: never'],
  ['COST_PER_SECOND', '0'],
  ['REQUESTS_PER_SECOND', 'many'],
  ['TLS_CERT_FILE', 'alone.crt'],
])('what cannot be meant is refused by the name of the variable: %s=%j', (name, value) => {
  expect(refused({ [name]: value })).toContain(name);
});

test('lists take commas', () => {
  const { proxies, corsOrigins } = readSurfaceConfig({
    TRUST_PROXY: 'loopback, 10.0.0.0/8,2001:db8::/32',
    CORS_ORIGINS: 'https://app.example,http://localhost:5173',
  });
  expect(proxies).toEqual(['loopback', '10.0.0.0/8', '2001:db8::/32']);
  expect(corsOrigins).toEqual(['https://app.example', 'http://localhost:5173']);
});

describe('certificate and key', () => {
  const files = (made?: ReturnType<typeof makeCertificate>) => {
    const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, cert } = certificateFiles(directory.path(), made);
    return { certFile, keyFile, cert };
  };

  test('[P5.1] are read from their files', () => {
    const { cert, ...tls } = files();
    expect(readTls(tls)).toEqual({ cert, key: expect.stringContaining('PRIVATE KEY') });
  });

  test('[P5.1] that do not belong together stop the start', () => {
    const tls = files({ cert: makeCertificate().cert, key: makeCertificate().key });
    expect(reasonOf(() => readTls(tls))).toBe('TLS_CERT_FILE is not for the key in TLS_KEY_FILE.');
  });

  test('[P5.1] a key that anybody may read stops the start', () => {
    const tls = files();
    chmodSync(tls.keyFile, 0o644);
    expect(reasonOf(() => readTls(tls))).toContain('TLS_KEY_FILE');
    chmodSync(tls.keyFile, 0o600);
  });

  test('that are not there, or not PEM, stop the start', () => {
    const tls = files();
    expect(reasonOf(() => readTls({ ...tls, keyFile: '/nowhere/tls.key' }))).toBe('TLS_KEY_FILE cannot be opened.');
    expect(reasonOf(() => readTls({ ...tls, certFile: '/nowhere/tls.crt' }))).toBe('TLS_CERT_FILE cannot be read.');
    writeFileSync(tls.certFile, 'no certificate');
    expect(reasonOf(() => readTls(tls))).toContain('not PEM');
  });
});

describe('secrets', () => {
  const fileWith = (text: string, mode = 0o600) => {
    const file = join(directory.path(), 'secret');
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };

  test('[P5.5] come from files, without the line’s end', () => {
    expect(secretFrom({ SMTP_PASSWORD_FILE: fileWith('hunter 2\n') }, 'SMTP_PASSWORD')?.reveal()).toBe('hunter 2');
    expect(secretFrom({}, 'SMTP_PASSWORD')).toBeUndefined();
  });

  test('[P5.5] in the environment itself are refused, without being repeated', () => {
    const reason = reasonOf(() => secretFrom({ SMTP_PASSWORD: 'hunter2' }, 'SMTP_PASSWORD'));
    expect(reason).toContain('SMTP_PASSWORD_FILE');
    expect(reason).not.toContain('hunter2');
  });

  test('[P5.5] that anybody may read are refused', () => {
    expect(reasonOf(() => secretFrom({ SMTP_PASSWORD_FILE: fileWith('hunter2', 0o604) }, 'SMTP_PASSWORD'))).toContain(
      'chmod',
    );
  });

  test('[P5.5] are not printed, however one tries', () => {
    const secret = new Secret('hunter2');
    const said = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: 9, showHidden: true }),
    ];
    for (const each of said) {
      expect(each).toContain('[secret]');
      expect(each).not.toContain('hunter2');
    }
  });
});
