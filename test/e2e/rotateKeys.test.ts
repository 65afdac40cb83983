import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../support/certificate.js';
import { newId } from '../support/mutations.js';
import { asking, runCli, type SignedUp, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { startTransit } from '../support/transitDouble.js';

const directory = temporaryDirectory();
const readsBack = async (id: string, ada: SignedUp, env: NodeJS.ProcessEnv = {}) => {
  const server = await startServer(directory.path(), env);
  expect(await asking(server, ada)(`{ contact(id: "${id}") { givenName } }`)).toEqual({
    contact: { givenName: 'Grace' },
  });
  expect(await server.stop()).toBe(0);
};

test('[P5.1] the command line changes the master key and the key of a workspace, and everything reads as before', async () => {
  const server = await startServer(directory.path());
  const ada = await signUp(server, 'Ada');
  const id = await newId(asking(server, ada), 'contact', { givenName: 'Grace' });
  expect(await runCli(directory.path(), ['rotate-keys', '--master'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('DATA_DIR_LOCKED'),
  });
  expect(await server.stop()).toBe(0);
  const masterKeyFile = join(directory.path(), 'master.key');
  const before = readFileSync(masterKeyFile, 'utf8');
  expect(await runCli(directory.path(), ['rotate-keys', '--master'])).toMatchObject({ code: 0 });
  const after = readFileSync(masterKeyFile, 'utf8');
  expect(after).not.toBe(before);
  expect(await runCli(directory.path(), ['rotate-keys', '--workspace', ada.workspaceId])).toMatchObject({ code: 0 });
  await readsBack(id, ada);
  writeFileSync(masterKeyFile, before);
  expect(await runCli(directory.path(), ['status'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('WRONG_MASTER_KEY'),
  });
}, 240_000);

test('[P5.1] a server whose master key is in a transit engine starts with it, and not without it', async () => {
  const certificate = makeCertificate();
  const engine = await startTransit(certificate, 'token');
  const at = (name: string) => join(directory.path(), name);
  writeFileSync(at('token'), 'token', { mode: 0o600 });
  writeFileSync(at('ca.pem'), certificate.cert);
  const env = {
    DATA_DIR: at('remote/data'),
    MASTER_KEY_FILE: at('remote/none.key'),
    KMS_URL: engine.url.href,
    KMS_KEY: 'crm',
    KMS_TOKEN_FILE: at('token'),
    KMS_CA_FILE: at('ca.pem'),
  };
  const server = await startServer(directory.path(), env);
  const ada = await signUp(server, 'Ada');
  const id = await newId(asking(server, ada), 'contact', { givenName: 'Grace' });
  expect(await server.stop()).toBe(0);
  expect(await runCli(directory.path(), ['rotate-keys', '--master'], env)).toMatchObject({ code: 0 });
  await readsBack(id, ada, env);
  await engine.close();
  const { code, output } = await runCli(directory.path(), ['status'], env);
  expect([code, output]).toEqual([1, expect.stringContaining('KMS_FAILED')]);
}, 240_000);
