import { createTransport } from 'nodemailer';
import { CrmError } from '../errors.js';
import type { Message } from './port.js';
import { type Carrier, Undeliverable } from './queue.js';

const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;
const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Hands mail to a server by SMTP (RFC 5321). `url` is `smtps://user:password@host:465`, or `smtp://…:587` where TLS then
 * begins with STARTTLS: it is required, except for a server on this machine. Error: BAD_CONFIGURATION.
 */
export const smtpCarrier = (url: string, from: string): Carrier => {
  const server = serverOf(url);
  const transport = createTransport(
    {
      pool: true,
      maxConnections: 2,
      ...server,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  const domain = from.replace(/^.*@/, '').replace(/>$/, '');
  return {
    async deliver(id, { to, subject, text }: Message) {
      const messageId = `<${id}@${domain}>`;
      const headers = { 'Auto-Submitted': 'auto-generated' }; // RFC 3834: answering machines keep quiet
      try {
        // An object, or a comma in the address would make it two.
        await transport.sendMail({ messageId, to: { name: '', address: to }, subject, text, headers });
      } catch (error) {
        const { responseCode } = error as { responseCode?: number };
        // RFC 5321 section 4.2.1: 5yz is a permanent refusal. The server's words may quote the address.
        if (responseCode !== undefined && responseCode >= 500) throw new Undeliverable();
        throw error;
      }
    },
    close: async () => transport.close(),
  };
};

const serverOf = (text: string) => {
  if (!URL.canParse(text)) throw badUrl();
  const { protocol, hostname, port, username, password } = new URL(text);
  if ((protocol !== 'smtp:' && protocol !== 'smtps:') || hostname === '') throw badUrl();
  const secure = protocol === 'smtps:';
  const auth = username === '' ? undefined : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  return {
    host: hostname,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !LOCAL.has(hostname),
    auth,
  };
};

const badUrl = () => new CrmError('BAD_CONFIGURATION', { reason: 'SMTP_URL must be like smtps://user:password@host.' });
