import { signed, type Words } from '../../kernel/mailWords.js';
import type { ErasureKind } from './events.js';

/** What somebody is told of what becomes of their data. */
export interface Answer {
  readonly kind: ErasureKind;
  /** On whose behalf the data was kept, where that can still be read. */
  readonly controller: string | undefined;
  /** Where the certificate will be. */
  readonly link: string;
}

const CERTIFICATE =
  'Once every copy that we keep in use was written anew, a signed certificate says what was destroyed and what stays, and why. It names nobody. It will be here:';
const LAST = 'This is the last message about it: your address goes with everything else as soon as this has been sent.';

export const accountClosedMail = ({ link }: Pick<Answer, 'link'>): Words => ({
  subject: 'Your account is closed',
  text: signed(
    'You have closed your account. Its keys are being destroyed, and with them your name, address, phone number, devices and everything else that we kept of you: nobody can read them any more, us included.',
    'In the workspaces that you worked in, what you did stays in their histories, under a number that leads to no name.',
    CERTIFICATE,
    link,
    LAST,
    'If you come back, with this address or another, you begin as somebody new.',
  ),
});

/** GDPR Art 12(3): what was done on a request to be erased. */
export const erasedMail = ({ kind, controller, link }: Answer): Words => ({
  subject: 'What became of your request',
  text: signed(
    `You, or somebody for you, has asked that your data be erased${controller === undefined ? '' : ` at ${controller}`}.`,
    kind === 'ERASE'
      ? 'That is being done: the keys of your data are being destroyed, and nobody can read it any more.'
      : 'That is being done: what identifies you is being destroyed, and nobody can read it any more. What is left is kept for statistics, without your name or addresses.',
    'A keyed hash of your addresses is kept, so that you are not contacted or taken in again.',
    CERTIFICATE,
    link,
    LAST,
  ),
});
