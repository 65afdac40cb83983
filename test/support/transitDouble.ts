import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

interface Version {
  readonly key: Buffer;
}

/** A transit secrets engine that answers as HashiCorp Vault's documentation says: ciphertexts `vault:v<version>:<base64>`. */
export const startTransit = async (certificate: { readonly cert: string; readonly key: string }, token: string) => {
  const versions: Version[] = [{ key: randomBytes(32) }];
  const requests: { path: string; headers: Record<string, unknown>; body: string }[] = [];
  const answer = { status: undefined as number | undefined, text: '' };
  const encrypt = (plaintext: Buffer): string => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', versions.at(-1)!.key, nonce);
    const bytes = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return `vault:v${versions.length}:${bytes.toString('base64')}`;
  };
  const decrypt = (ciphertext: string): Buffer => {
    const [, version, encoded] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
    const bytes = Buffer.from(encoded ?? '', 'base64');
    const decipher = createDecipheriv('aes-256-gcm', versions[Number(version) - 1]!.key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  };
  const operations: { readonly [path: string]: (body: Record<string, string>) => object | null } = {
    '/v1/transit/encrypt/crm': ({ plaintext }) => ({ ciphertext: encrypt(Buffer.from(plaintext!, 'base64')) }),
    '/v1/transit/decrypt/crm': ({ ciphertext }) => ({ plaintext: decrypt(ciphertext!).toString('base64') }),
    '/v1/transit/rewrap/crm': ({ ciphertext }) => ({ ciphertext: encrypt(decrypt(ciphertext!)) }),
    '/v1/transit/keys/crm/rotate': () => {
      versions.push({ key: randomBytes(32) });
      return null;
    },
  };
  const server = createServer({ ...certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [path, body] = [request.url ?? '', Buffer.concat(chunks).toString()];
      requests.push({ path, headers: request.headers, body });
      const reply = (status: number, value: unknown) => response.writeHead(status).end(JSON.stringify(value));
      if (answer.status !== undefined) return void response.writeHead(answer.status).end(answer.text);
      if (request.headers['x-vault-token'] !== token) return void reply(403, { errors: ['permission denied'] });
      const operation = operations[path];
      if (operation === undefined) return void reply(404, { errors: [] });
      try {
        const data = operation(JSON.parse(body));
        if (data === null) response.writeHead(204).end();
        else reply(200, { data });
      } catch {
        reply(400, { errors: ['invalid ciphertext: unable to decrypt'] });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`https://localhost:${port}/v1/transit`),
    requests,
    /** What it says to everything from now on; `undefined`: what it should. */
    sayOnly: (status: number | undefined, text = '') => {
      answer.status = status;
      answer.text = text;
    },
    /** Forgets the older versions of the key. */
    retireOldVersions: () =>
      versions.splice(0, versions.length - 1, ...versions.slice(0, -1).map(() => ({ key: randomBytes(32) }))),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
};
