import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { fileKms } from '../../src/vault/kms/file.js';
import { transitKms } from '../../src/vault/kms/transit.js';
import { makeCertificate } from '../support/certificate.js';
import { startTransit } from '../support/transitDouble.js';
import { kmsContract } from './kms.js';

kmsContract('A file', async () => {
  const masterKey = randomBytes(32);
  return {
    open: async () => fileKms(masterKey, pooledRandomBytes),
    other: async () => fileKms(randomBytes(32), pooledRandomBytes),
    remove: async () => undefined,
  };
});

const certificate = makeCertificate();

kmsContract('A transit secrets engine over HTTPS', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-kms-'));
  const [tokenFile, caFile] = [join(directory, 'token'), join(directory, 'ca.pem')];
  writeFileSync(tokenFile, 'token\n', { mode: 0o600 });
  writeFileSync(caFile, certificate.cert);
  const engines = [await startTransit(certificate, 'token'), await startTransit(certificate, 'token')];
  const kmsAt = (at: number) => transitKms({ url: engines[at]!.url, keyName: 'crm', tokenFile, caFile });
  return {
    open: async () => kmsAt(0),
    other: async () => kmsAt(1),
    remove: async () => {
      for (const engine of engines) await engine.close();
      rmSync(directory, { recursive: true });
    },
  };
});
