import { linkTo, signed, type Words } from '../../kernel/mailWords.js';

/** Told to everybody who works there while it can still be: afterwards nothing says who did. */
export const workspaceErasedMail = (): Words => ({
  subject: 'A workspace of yours is erased',
  text: signed(
    'An owner has erased a workspace that you are a member of. Everything in it is being destroyed and cannot be brought back.',
    'Your account stays as it is.',
  ),
});

/** Names neither who invites nor to what: both may be people, and the address may be somebody else's. */
export const invitationMail = (appUrl: string, token: string): Words => ({
  subject: 'You are invited to a workspace',
  text: signed(
    'Somebody has invited you to work with them in BPO Assistant. Accept, signed in or with a new account of this address:',
    linkTo(appUrl, 'accept-invitation', token),
    `Or enter this code: ${token}`,
    'It is good once, for 7 days. If you do not know what this is about, do nothing.',
  ),
});
