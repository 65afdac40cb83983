import { readFileSync, statSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { z } from 'zod';
import { CrmError } from '../../errors.js';
import type { Kms } from './port.js';

export interface TransitOptions {
  /** Of the engine's mount, e.g. `https://vault.example:8200/v1/transit`. */
  readonly url: URL;
  /** Name of the key in the engine: an AEAD one, `aes256-gcm96` or `chacha20-poly1305`. */
  readonly keyName: string;
  /** File with the token and nothing else; read anew for every request, so that an agent may renew it. */
  readonly tokenFile: string;
  /** PEM certificates to trust instead of the system's. */
  readonly caFile?: string | undefined;
  readonly namespace?: string | undefined;
  readonly timeoutMs?: number;
}

export interface TransitKms extends Kms {
  /** Gives the master key a new version; what was wrapped before still unwraps. Error: KMS_FAILED. */
  rotate(): Promise<void>;
  /** The same key wrapped under the newest version; the key itself is not seen on the way. Error: KMS_FAILED. */
  rewrap(wrapped: string): Promise<string>;
}

const KEY_BYTES = 32;
const DEFAULT_TIMEOUT_MS = 10_000;
/** An answer longer than this is none of ours. */
const MAX_ANSWER_BYTES = 64 * 1024;

const ciphertextForm = z.object({ data: z.object({ ciphertext: z.string().regex(/^[\x21-\x7e]{1,4096}$/) }) });
const plaintextForm = z.object({ data: z.object({ plaintext: z.base64() }) });

/**
 * A transit secrets engine as HashiCorp Vault and OpenBao serve it over HTTPS (API `/transit/encrypt`, `/decrypt`,
 * `/rewrap`, `/keys/:name/rotate`). The server's certificate is always verified, whatever the environment says.
 * Errors: BAD_CONFIGURATION where the address is not HTTPS or a file cannot be used.
 */
export const transitKms = (options: TransitOptions): TransitKms => {
  const { url, keyName } = options;
  if (url.protocol !== 'https:') throw unusable('KMS_URL has to be an https address.');
  const ca = options.caFile === undefined ? undefined : fileText(options.caFile, 'KMS_CA_FILE');
  tokenIn(options.tokenFile);
  const call = async (operation: string, body: object): Promise<unknown> => {
    const path = `${url.pathname.replace(/\/$/, '')}/${operation}`;
    const headers: Record<string, string> = { 'X-Vault-Request': 'true', 'X-Vault-Token': tokenIn(options.tokenFile) };
    if (options.namespace !== undefined) headers['X-Vault-Namespace'] = options.namespace;
    const { hostname, port } = url;
    const timeout = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return answerTo({ method: 'POST', hostname, port, path, headers, ca, timeout, rejectUnauthorized: true }, body);
  };
  const ciphertext = (answer: unknown): string => formed(ciphertextForm, answer).data.ciphertext;
  const name = encodeURIComponent(keyName);
  return {
    id: `transit:${keyName}`,
    wrap: async (key) => {
      const plaintext = Buffer.from(key).toString('base64');
      return ciphertext(await call(`encrypt/${name}`, { plaintext }));
    },
    unwrap: async (wrapped) => {
      const answer = await call(`decrypt/${name}`, { ciphertext: wrapped }).catch(refusedIsWrongKey);
      const key = Buffer.from(formed(plaintextForm, answer).data.plaintext, 'base64');
      if (key.length !== KEY_BYTES) throw new CrmError('WRONG_MASTER_KEY');
      return key;
    },
    rewrap: async (wrapped) =>
      ciphertext(await call(`rewrap/${name}`, { ciphertext: wrapped }).catch(refusedIsWrongKey)),
    rotate: async () => {
      await call(`keys/${name}/rotate`, {});
    },
  };
};

const unusable = (reason: string, cause?: unknown) => new CrmError('BAD_CONFIGURATION', { reason }, { cause });

const failed = (reason: string, cause?: unknown) => new CrmError('KMS_FAILED', { reason }, { cause });

/** Marks an answer 400: the engine has the key, and will not open this with it. */
const REFUSED = 'The key management service refused what it was given.';

const refusedIsWrongKey = (error: unknown): never => {
  if (error instanceof CrmError && error.details.reason === REFUSED) {
    throw new CrmError('WRONG_MASTER_KEY', {}, { cause: error });
  }
  throw error;
};

const formed = <T>(form: z.ZodType<T>, answer: unknown): T => {
  const parsed = form.safeParse(answer);
  if (!parsed.success) throw failed('The key management service gave an answer of another form.');
  return parsed.data;
};

const fileText = (path: string, variable: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unusable(`The file of ${variable} cannot be read.`, cause);
  }
};

const tokenIn = (path: string): string => {
  const token = fileText(path, 'KMS_TOKEN_FILE').trim();
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) throw unusable('The file of KMS_TOKEN_FILE holds no token.');
  if (process.platform !== 'win32' && (statSync(path).mode & 0o007) !== 0) {
    throw unusable('The file of KMS_TOKEN_FILE is open to everybody.');
  }
  return token;
};

/** Neither the token nor a key is in any error: what the service says stays unread. */
const answerTo = (options: RequestOptions, body: object): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const asking = request(options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) asking.destroy(new Error('The answer is too long.'));
        else chunks.push(chunk);
      });
      response.once('error', (cause) => reject(failed('The key management service broke off.', cause)));
      response.once('end', () => {
        try {
          resolve(answered(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
        } catch (error) {
          reject(error);
        }
      });
    });
    asking.once('timeout', () => asking.destroy(new Error('No answer in time.')));
    asking.once('error', (cause) => reject(failed('The key management service cannot be reached.', cause)));
    asking.end(JSON.stringify(body));
  });

const answered = (status: number, text: string): unknown => {
  if (status === 400) throw failed(REFUSED);
  if (status === 403) throw failed('The token of KMS_TOKEN_FILE may not do this.');
  if (status === 404) throw failed('The key management service has no such key.');
  if (status === 204) return {};
  if (status !== 200) throw failed('The key management service is not able to answer.');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw failed('The key management service gave an answer of another form.', cause);
  }
};
