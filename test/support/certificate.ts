import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A self-signed certificate for `localhost` and 127.0.0.1, made when the test runs: none stands in the repository, so
 * none runs out. Written in DER by hand (X.690; RFC 5280 section 4.1), since Node reads certificates but makes none.
 */
export const makeCertificate = (validMs = 3_600_000): { cert: string; key: string } => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const certified = sequence(
    tagged(0xa0, integer(2)), // version 3
    integer(now),
    ecdsaWithSha256,
    commonName('localhost'),
    sequence(time(now - 60_000), time(now + validMs)),
    commonName('localhost'),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(subjectAlternativeName)),
  );
  const signature = sign('sha256', certified, privateKey);
  const certificate = sequence(certified, ecdsaWithSha256, tagged(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = certificate.toString('base64').match(/.{1,64}/g)!;
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
};

/** The same as files in a directory, as `TLS_CERT_FILE` and `TLS_KEY_FILE` name them. */
export const certificateFiles = (directory: string, made = makeCertificate()) => {
  const files = { TLS_CERT_FILE: join(directory, 'tls.crt'), TLS_KEY_FILE: join(directory, 'tls.key') };
  writeFileSync(files.TLS_CERT_FILE, made.cert);
  writeFileSync(files.TLS_KEY_FILE, made.key, { mode: 0o600 });
  return { ...files, cert: made.cert };
};

const tagged = (tag: number, content: Buffer): Buffer => {
  const length = content.length;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = length < 256 ? [length] : [length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length, ...bytes), content]);
};
const sequence = (...parts: Buffer[]) => tagged(0x30, Buffer.concat(parts));
const integer = (value: number) => {
  const hex = value.toString(16);
  return tagged(0x02, Buffer.from(hex.length % 2 ? `0${hex}` : `00${hex}`, 'hex').subarray(value < 128 ? -1 : 0));
};
const identifier = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'));
const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
const commonName = (name: string) =>
  sequence(tagged(0x31, sequence(identifier('550403'), tagged(0x0c, Buffer.from(name)))));
const time = (ms: number) =>
  tagged(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
const subjectAlternativeName = sequence(
  identifier('551d11'),
  tagged(0x04, sequence(tagged(0x82, Buffer.from('localhost')), tagged(0x87, Buffer.of(127, 0, 0, 1)))),
);
