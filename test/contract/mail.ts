import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { Sealer } from '../../src/kernel/sealer.js';
import type { Mail, Message } from '../../src/mail/port.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

/** One adapter at work. */
export interface Mailing {
  readonly mail: Mail;
  /** What has come to its recipients, once this many have; or what is to be had of it by now. */
  arrived(count: number): Promise<readonly Pick<Message, 'to' | 'subject' | 'text'>[]>;
  /** Everything that lies on disk while messages wait. */
  atRest(): Promise<string>;
  /** What else the adapter has open. */
  close?(): Promise<void>;
}

/** What every adapter for outgoing mail does. `start` makes one in an empty directory. */
export const mailContract = (name: string, start: (directory: string, sealer: Sealer) => Promise<Mailing>): void => {
  describe(`${name} as outgoing mail`, () => {
    const directory = temporaryDirectory();
    let vault: Vault;
    let mailing: Mailing;
    beforeAll(async () => {
      const keys = { fileKey: Buffer.alloc(32, 1), wrapKey: Buffer.alloc(32, 2) };
      vault = openSqliteVault({ file: `${directory.path()}/vault.db`, ...keys, random: pooledRandomBytes });
      mailing = await start(directory.path(), new Sealer(vault, pooledRandomBytes));
    });
    afterAll(async () => {
      await mailing.mail.close();
      await mailing.close?.();
      await vault.shut();
    });
    const messageTo = (subject: string, more: Partial<Message> = {}): Message => ({
      recipient: { workspace: 'operator', subject },
      to: `${subject}@example.com`,
      subject: 'Zażółć gęślą jaźń ✓',
      text: `Grüße, 𝒳\n\n.\nFrom a line that begins with a point and one of ${'many '.repeat(40)}words`,
      ...more,
    });

    test('what is sent comes to its recipient as it was written', async () => {
      const message = messageTo('grace');
      await mailing.mail.send(message);
      const { to, subject, text } = message;
      expect(await mailing.arrived(1)).toEqual([{ to, subject, text }]);
    });

    test('[P5.1] nothing of a message lies on disk in clear', async () => {
      await mailing.mail.send(messageTo('conspicuous', { subject: 'Conspicuous subject', text: 'Conspicuous text' }));
      expect(await mailing.atRest()).not.toMatch(/conspicuous(@| subject| text)/i);
    });

    test('[P7.3] to somebody who is erased nothing is sent any more', async () => {
      await mailing.mail.send(messageTo('alan'));
      await vault.close('operator', 'alan');
      await vault.destroy('operator', 'alan');
      await expect(mailing.mail.send(messageTo('alan'))).rejects.toMatchObject({ code: 'SUBJECT_ERASED' });
    });
  });
};
