import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transitKms } from '../../src/vault/kms/transit.js';
import { makeCertificate } from '../support/certificate.js';
import { startTransit } from '../support/transitDouble.js';

const certificate = makeCertificate();
const key = Buffer.alloc(32, 7);
let directory: string;
let tokenFile: string;
let caFile: string;
let engine: Awaited<ReturnType<typeof startTransit>>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'crm-kms-'));
  tokenFile = join(directory, 'token');
  caFile = join(directory, 'ca.pem');
  writeFileSync(tokenFile, 'token-1\n', { mode: 0o600 });
  writeFileSync(caFile, certificate.cert);
  engine = await startTransit(certificate, 'token-1');
});
afterEach(async () => {
  await engine.close();
  rmSync(directory, { recursive: true });
});

const kmsWith = (more: object = {}) => transitKms({ url: engine.url, keyName: 'crm', tokenFile, caFile, ...more });
const failed = (reason: RegExp) =>
  expect.objectContaining({ code: 'KMS_FAILED', message: expect.stringMatching(reason) });

test('it asks as the API is documented: token and namespace in headers, keys in base64', async () => {
  const kms = kmsWith({ namespace: 'team/crm' });
  const wrapped = await kms.wrap(key);
  await kms.unwrap(wrapped);
  await kms.rewrap(wrapped);
  await kms.rotate();
  expect(engine.requests.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
    ['/v1/transit/encrypt/crm', { plaintext: key.toString('base64') }],
    ['/v1/transit/decrypt/crm', { ciphertext: wrapped }],
    ['/v1/transit/rewrap/crm', { ciphertext: wrapped }],
    ['/v1/transit/keys/crm/rotate', {}],
  ]);
  for (const { headers } of engine.requests) {
    expect(headers).toMatchObject({
      'x-vault-token': 'token-1',
      'x-vault-request': 'true',
      'x-vault-namespace': 'team/crm',
    });
  }
});

test('[P5.1] a certificate that is not trusted is refused before the token is sent, whatever the environment says', async () => {
  writeFileSync(caFile, makeCertificate().cert);
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    await expect(kmsWith().wrap(key)).rejects.toEqual(failed(/cannot be reached/));
    await expect(kmsWith({ caFile: undefined }).wrap(key)).rejects.toEqual(failed(/cannot be reached/));
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
  }
  expect(engine.requests).toEqual([]);
});

test('an address without TLS is refused', () => {
  expect(() => kmsWith({ url: new URL('http://127.0.0.1:8200/v1/transit') })).toThrow(/https/);
});

test('a newer version of the key: what was wrapped before unwraps, and rewrapped it outlives the old version', async () => {
  const kms = kmsWith();
  const wrapped = await kms.wrap(key);
  await kms.rotate();
  expect(await kms.unwrap(wrapped)).toEqual(key);
  const rewrapped = await kms.rewrap(wrapped);
  engine.retireOldVersions();
  expect(await kms.unwrap(rewrapped)).toEqual(key);
  await expect(kms.unwrap(wrapped)).rejects.toMatchObject({ code: 'WRONG_MASTER_KEY' });
});

test('a token that was renewed in its file is used from then on', async () => {
  const kms = kmsWith();
  writeFileSync(tokenFile, 'token-2');
  await expect(kms.wrap(key)).rejects.toEqual(failed(/token/));
  writeFileSync(tokenFile, 'token-1');
  expect(await kms.wrap(key)).toMatch(/^vault:v1:/);
});

test('what it says is checked: form, status, length and time', async () => {
  const kms = kmsWith({ timeoutMs: 200 });
  for (const [status, text, reason] of [
    [200, 'not JSON', /another form/],
    [200, '{"data":{}}', /another form/],
    [200, '{"data":{"ciphertext":"two words"}}', /another form/],
    [200, 'x'.repeat(100_000), /reached|broke off/],
    [404, '{}', /no such key/],
    [403, '{}', /token/],
    [503, '{"errors":["Vault is sealed"]}', /not able/],
    [302, '', /not able/],
  ] as const) {
    engine.sayOnly(status, text);
    await expect(kms.wrap(key)).rejects.toEqual(failed(reason));
  }
  engine.sayOnly(200, JSON.stringify({ data: { plaintext: Buffer.alloc(16).toString('base64') } }));
  await expect(kms.unwrap('vault:v1:x')).rejects.toMatchObject({ code: 'WRONG_MASTER_KEY' });
  await engine.close();
  await expect(kms.wrap(key)).rejects.toEqual(failed(/cannot be reached/));
});

test('no error shows the token or a key', async () => {
  const kms = kmsWith();
  for (const status of [400, 403, 500]) {
    engine.sayOnly(status, `token-1 ${key.toString('base64')}`);
    const error = await kms.wrap(key).catch((reason: Error) => reason);
    if (!(error instanceof Error)) throw new Error('It did not fail.');
    expect(`${error.stack}${JSON.stringify(error)}`).not.toMatch(/token-1|BwcHBwcH/);
  }
});

test.each([
  ['missing', (file: string) => rmSync(file)],
  ['empty', (file: string) => writeFileSync(file, '\n')],
  ['of two lines', (file: string) => writeFileSync(file, 'a\nb')],
])('a token file that is %s is refused', (_, spoil) => {
  spoil(tokenFile);
  expect(() => kmsWith()).toThrow(expect.objectContaining({ code: 'BAD_CONFIGURATION' }));
});
