import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { eventually } from './eventually.js';

export interface Received {
  readonly to: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
}

export interface SmtpServer {
  /** For `SMTP_URL`. */
  readonly url: string;
  readonly received: readonly Received[];
  /** What each next message is refused with, in turn, e.g. 451; then they are taken. */
  refuse(...codes: readonly number[]): void;
  /** The mail to an address whose subject has these words, waiting until it is there. */
  mailTo(address: string, subject: RegExp): Promise<Received>;
  close(): Promise<void>;
}

/** A real SMTP server on a free port, which keeps what it is sent. */
export const startSmtpServer = async (): Promise<SmtpServer> => {
  const received: Received[] = [];
  const refusals: number[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const code = refusals.shift();
        if (code !== undefined) return callback(Object.assign(new Error('Not now.'), { responseCode: code }));
        const { from, subject, text, messageId } = await PostalMime.parse(Buffer.concat(chunks));
        for (const { address } of session.envelope.rcptTo) {
          received.push({
            to: address,
            from: from?.address ?? '',
            subject: subject ?? '',
            text: (text ?? '').trimEnd(),
            messageId: messageId ?? '',
          });
        }
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    refuse: (...codes) => refusals.push(...codes),
    mailTo: (address, subject) =>
      eventually(`mail to ${address} about ${subject}`, () =>
        received.findLast((mail) => mail.to === address && subject.test(mail.subject)),
      ),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
