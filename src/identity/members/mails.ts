import type { Message } from '../../mail/port.js';

/** Names neither who invites nor to what: both may be people, and the address may be somebody else's. */
export const invitationMail = (appUrl: string, token: string): Pick<Message, 'subject' | 'text'> => ({
  subject: 'You are invited to a workspace',
  text: [
    'Somebody has invited you to work with them in BPO Assistant. Accept, signed in or with a new account of this address:',
    // Behind `#`, which browsers send to no server and no log.
    `${appUrl}/accept-invitation#${token}`,
    `Or enter this code: ${token}`,
    'It is good once, for 7 days. If you do not know what this is about, do nothing.',
    'BPO Assistant\n',
  ].join('\n\n'),
});
