import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/app/config.js';
import { smtpCarrier } from '../../src/mail/smtp.js';

const reasonOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_CONFIGURATION' });
    return (error as Error).message;
  }
  throw new Error('The configuration was accepted.');
};

test('without a word it serves 127.0.0.1:4000 from ./data, with the key beside it', () => {
  const config = readConfig({});
  expect(config).toMatchObject({ host: '127.0.0.1', port: 4000 });
  expect(config.dataDir).toMatch(/\/data$/);
  expect(config.masterKeyFile).toBe(`${config.dataDir}.key`);
  expect(config.erasureLedgerDir).toBe(`${config.dataDir}.ledger`);
  expect(config.erasureLedgerCopy).toBeUndefined();
});

test('the erasure ledger is beside the master key, whatever that is called', () => {
  expect(readConfig({ MASTER_KEY_FILE: '/keys/crm.key' }).erasureLedgerDir).toBe('/keys/crm.ledger');
  expect(readConfig({ MASTER_KEY_FILE: '/keys/secret' }).erasureLedgerDir).toBe('/keys/secret.ledger');
  expect(readConfig({ ERASURE_LEDGER_DIR: '/a', ERASURE_LEDGER_COPY: '/b' })).toMatchObject({
    erasureLedgerDir: '/a',
    erasureLedgerCopy: '/b',
  });
});

test('[P7.3] a ledger inside the data, and so in their backups, or a copy inside the ledger is refused', () => {
  for (const name of ['ERASURE_LEDGER_DIR', 'ERASURE_LEDGER_COPY']) {
    for (const path of ['/srv/crm', '/srv/crm/ledger']) {
      expect(reasonOf({ DATA_DIR: '/srv/crm', [name]: path })).toContain(name);
    }
  }
  for (const copy of ['/ledger', '/ledger/copy']) {
    expect(reasonOf({ ERASURE_LEDGER_DIR: '/ledger', ERASURE_LEDGER_COPY: copy })).toMatch(/ERASURE_LEDGER_COPY/);
  }
});

test('[P5.1] a master key inside the data directory is refused: who copies the one would have the other', () => {
  expect(reasonOf({ DATA_DIR: '/srv/crm', MASTER_KEY_FILE: '/srv/crm/master.key' })).toMatch(/MASTER_KEY_FILE/);
  expect(reasonOf({ DATA_DIR: '/srv/crm', MASTER_KEY_FILE: '/srv/crm/deep/er/master.key' })).toMatch(/MASTER_KEY_FILE/);
  expect(readConfig({ DATA_DIR: '/srv/crm', MASTER_KEY_FILE: '/srv/crm-keys/master.key' }).dataDir).toBe('/srv/crm');
});

test('what cannot be meant is refused by the name of the variable', () => {
  expect(reasonOf({ PORT: 'http' })).toMatch(/PORT/);
  expect(reasonOf({ PORT: '70000' })).toMatch(/PORT/);
  expect(reasonOf({ LOG_LEVEL: 'chatty' })).toMatch(/LOG_LEVEL/);
});

test('without a word every store is a file in DATA_DIR, and sqlite: says the same', () => {
  const { stores } = readConfig({ DATA_DIR: '/srv/crm' });
  expect(stores.events).toEqual({ engine: 'sqlite', file: '/srv/crm/events.db' });
  expect(stores.vault).toEqual({ engine: 'sqlite', file: '/srv/crm/vault.db' });
  const said = readConfig({ DATA_DIR: '/srv/crm', EVENT_STORE_URL: 'sqlite:/srv/crm/events.db', VAULT_URL: 'sqlite:' });
  expect(said.stores).toEqual(stores);
});

test('each store can be put on an engine by its URL alone', () => {
  const url = 'kurrentdb://crm:secret@a:2113,b:2113?tls=true';
  const mongo = 'mongodb://crm:secret@a,b/crm?replicaSet=rs0';
  const { stores } = readConfig({
    EVENT_STORE_URL: url,
    READ_STORE_URL: mongo,
    STATE_STORE_URL: mongo,
    VAULT_URL: mongo,
  });
  expect(stores).toEqual({
    events: { engine: 'kurrentdb', url },
    readModels: { engine: 'mongodb', url: mongo },
    state: { engine: 'mongodb', url: mongo },
    vault: { engine: 'mongodb', url: mongo },
  });
});

test('a URL that cannot be meant is refused by its variable, and nothing of it is said', () => {
  const environments: Record<string, string>[] = [
    { EVENT_STORE_URL: 'mongodb://crm:secret@host/crm' },
    { READ_STORE_URL: 'kurrentdb://crm:secret@host' },
    { STATE_STORE_URL: 'crm:secret@host' },
    { EVENT_STORE_URL: 'kurrentdb://crm:secret@host?wrong=1' },
    { DATA_DIR: '/srv/crm', VAULT_URL: 'sqlite:/srv/secret/vault.db' },
  ];
  for (const env of environments) {
    expect(reasonOf(env)).not.toMatch(/secret|host/);
    expect(() => readConfig(env)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ field: Object.keys(env).at(-1) }) }),
    );
  }
});

test('[P5.1] links in mails lead to a page that is served by TLS, or on this machine', () => {
  for (const APP_URL of ['http://crm.example', 'ftp://localhost', 'crm.example']) {
    expect(reasonOf({ APP_URL })).toMatch(/APP_URL/);
  }
  expect(readConfig({ APP_URL: 'https://crm.example/app/' }).appUrl).toBe('https://crm.example/app');
  expect(readConfig({}).appUrl).toBe('http://localhost:4000');
});

test('[P5.5] the mail server’s password comes from a file, and no refusal shows it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-config-'));
  try {
    const file = join(directory, 'smtp');
    writeFileSync(file, 'smtps://crm:hush@mail.example\n', { mode: 0o600 });
    const { mail } = readConfig({ SMTP_URL_FILE: file });
    expect(mail.smtpUrl?.reveal()).toBe('smtps://crm:hush@mail.example');
    expect(JSON.stringify(mail)).not.toContain('hush');
    expect(reasonOf({ SMTP_URL_FILE: join(directory, 'missing') })).toMatch(/SMTP_URL_FILE/);
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(readConfig({ SMTP_URL: 'smtp://crm@localhost:25' }).mail.smtpUrl?.reveal()).toBe('smtp://crm@localhost:25');
  const refusal = reasonOf({ SMTP_URL: 'smtps://crm:hush@mail.example' });
  expect(refusal).toMatch(/SMTP_URL_FILE/);
  expect(refusal).not.toMatch(/hush/);
  for (const url of ['https://crm:hush@mail.example', 'crm:hush@mail.example']) {
    expect(() => smtpCarrier(url, 'a@b.example')).toThrow(/^(?!.*hush).*SMTP_URL/);
  }
});

test('[P5.5] the URL of a store comes from a file where there is a password in it, and no refusal shows it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-config-'));
  try {
    const file = join(directory, 'url');
    writeFileSync(file, 'kurrentdb://crm:hush@db.example:2113\n', { mode: 0o600 });
    const { stores } = readConfig({ EVENT_STORE_URL_FILE: file });
    expect(stores.events).toEqual({ engine: 'kurrentdb', url: 'kurrentdb://crm:hush@db.example:2113' });
    writeFileSync(file, 'mongodb://crm:hush@db.example/crm\n');
    for (const variable of ['READ_STORE_URL', 'STATE_STORE_URL', 'VAULT_URL']) {
      const read = Object.values(readConfig({ [`${variable}_FILE`]: file }).stores);
      expect(read.filter(({ engine }) => engine === 'mongodb')).toHaveLength(1);
      const both = reasonOf({ [`${variable}_FILE`]: file, [variable]: 'mongodb://crm:hush@db.example' });
      expect(both).toMatch(new RegExp(`${variable}_FILE`));
      expect(both).not.toMatch(/hush/);
    }
    writeFileSync(file, 'https://crm:hush@db.example\n');
    expect(reasonOf({ VAULT_URL_FILE: file })).toMatch(/^(?!.*hush).*VAULT_URL/);
    chmodSync(file, 0o644);
    expect(reasonOf({ VAULT_URL_FILE: file })).toMatch(/VAULT_URL_FILE/);
    expect(reasonOf({ VAULT_URL_FILE: join(directory, 'missing') })).toMatch(/VAULT_URL_FILE/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('[P5.1] a key management service is asked over HTTPS alone, and needs a key and a token', () => {
  const env = { KMS_URL: 'https://vault.example:8200/v1/transit', KMS_KEY: 'crm', KMS_TOKEN_FILE: '/run/token' };
  expect(readConfig(env).kms).toMatchObject({ keyName: 'crm', tokenFile: '/run/token', caFile: undefined });
  expect(readConfig({}).kms).toBeUndefined();
  expect(reasonOf({ ...env, KMS_URL: 'http://vault.example:8200/v1/transit' })).toMatch(/https/);
  expect(reasonOf({ ...env, KMS_URL: 'vault' })).toMatch(/https/);
  expect(reasonOf({ ...env, KMS_KEY: '' })).toMatch(/KMS_KEY/);
  expect(reasonOf({ ...env, KMS_TOKEN_FILE: '' })).toMatch(/KMS_TOKEN_FILE/);
});

test('[P5.5] providers are named, asked over TLS, and their secrets come from files', () => {
  const env = {
    OPENID_PROVIDERS: 'work, at-home',
    OPENID_WORK_ISSUER: 'https://login.work.example',
    OPENID_WORK_CLIENT_ID: 'crm',
    OPENID_AT_HOME_ISSUER: 'http://localhost:9000',
    OPENID_AT_HOME_CLIENT_ID: 'crm',
  };
  expect(readConfig({}).openId).toEqual([]);
  expect(readConfig(env).openId).toMatchObject([
    { name: 'work', issuer: new URL('https://login.work.example'), clientId: 'crm', clientSecret: undefined },
    { name: 'at-home' },
  ]);
  expect(reasonOf({ ...env, OPENID_PROVIDERS: 'work,work' })).toMatch(/OPENID_PROVIDERS/);
  expect(reasonOf({ ...env, OPENID_PROVIDERS: 'Work' })).toMatch(/OPENID_PROVIDERS/);
  expect(reasonOf({ ...env, OPENID_WORK_CLIENT_ID: '' })).toMatch(/OPENID_WORK_CLIENT_ID/);
  for (const issuer of ['http://login.work.example', 'login.work.example', '']) {
    expect(reasonOf({ ...env, OPENID_WORK_ISSUER: issuer })).toMatch(/OPENID_WORK_ISSUER/);
  }
  const refusal = reasonOf({ ...env, OPENID_WORK_CLIENT_SECRET: 'hush' });
  expect(refusal).toMatch(/OPENID_WORK_CLIENT_SECRET_FILE/);
  expect(refusal).not.toMatch(/hush/);
});

test('[P5.3] how long a proof of who somebody is holds can be set, in minutes', () => {
  expect(readConfig({}).stepUpMs).toBe(900_000);
  expect(readConfig({ STEP_UP_MINUTES: '0' }).stepUpMs).toBe(0);
  expect(reasonOf({ STEP_UP_MINUTES: 'soon' })).toMatch(/STEP_UP_MINUTES/);
});
