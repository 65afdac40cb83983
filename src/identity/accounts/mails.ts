import { linkTo, signed, type Words } from '../../kernel/mailWords.js';

export const verifyEmailMail = (appUrl: string, token: string): Words => ({
  subject: 'Confirm your e-mail address',
  text: signed(
    'Somebody, we hope you, has opened an account with this address. Confirm that it is yours:',
    linkTo(appUrl, 'verify-email', token),
    `Or enter this code: ${token}`,
    'It is good once, for 24 hours. If it was not you, do nothing: an address that is not confirmed stays marked so.',
  ),
});

export const changeEmailMail = (appUrl: string, token: string): Words => ({
  subject: 'Confirm your new e-mail address',
  text: signed(
    'Somebody, we hope you, wants to use this address for their account. Confirm that it is yours:',
    linkTo(appUrl, 'change-email', token),
    `Or enter this code: ${token}`,
    'It is good once, for 24 hours. If it was not you, do nothing: nothing changes.',
  ),
});

/** Goes to the address of before, and does not name the new one: whoever reads this mailbox need not be the person. */
export const emailChangedMail = (): Words => ({
  subject: 'Your e-mail address was changed',
  text: signed(
    'Your account has another address now, which was confirmed from there. It cannot be signed in to with this one any more.',
    'If it was not you, somebody was signed in as you: write to whoever runs this service at once.',
  ),
});

export const resetPasswordMail = (appUrl: string, token: string): Words => ({
  subject: 'Choose a new password',
  text: signed(
    'Somebody, we hope you, has asked for a new password for the account with this address:',
    linkTo(appUrl, 'reset-password', token),
    `Or enter this code: ${token}`,
    'It is good once, for 30 minutes. If it was not you, do nothing: your password stays as it is.',
  ),
});

export const passwordChangedMail = (): Words => ({
  subject: 'Your password was changed',
  text: signed(
    'The password of your account was changed, and the account was signed out everywhere else.',
    'If it was not you, ask for a new password at once and look through your devices.',
  ),
});

export const secondFactorMail = (change: 'ADDED' | 'CHANGED' | 'REMOVED' | 'USED'): Words => ({
  subject: 'Your second factor has changed',
  text: signed(
    {
      ADDED: 'Signing in to your account now asks for a code of your authenticator as well.',
      CHANGED: 'You have new recovery codes; those from before are good no more.',
      REMOVED: 'Signing in to your account no longer asks for a code.',
      USED: 'One of your recovery codes was used to prove that it is you. It is good no more.',
    }[change],
    'If it was not you, change your password at once and sign out everywhere.',
  ),
});

export const passkeyMail = (change: 'ADDED' | 'REMOVED'): Words => ({
  subject: 'Your passkeys have changed',
  text: signed(
    {
      ADDED: 'A passkey was added to your account: it signs in without a password.',
      REMOVED: 'A passkey of your account was removed; it signs in no more.',
    }[change],
    'If it was not you, change your password at once, look through your passkeys and sign out everywhere.',
  ),
});

export const passkeyCopiedMail = (): Words => ({
  subject: 'A passkey of yours was refused',
  text: signed(
    'One of your passkeys has counted backwards, as a copy of it would. We have refused it.',
    'Look through your passkeys, and remove the one that you have just used unless you know why this happened.',
  ),
});

export const identityMail = (change: 'ADDED' | 'REMOVED'): Words => ({
  subject: 'How you sign in has changed',
  text: signed(
    {
      ADDED: 'Your account was linked with an identity elsewhere: who signs in there can sign in to your account.',
      REMOVED: 'An identity elsewhere was unlinked from your account; it signs in no more.',
    }[change],
    'If it was not you, change your password at once, look through your linked identities and sign out everywhere.',
  ),
});

export const tokenReusedMail = (): Words => ({
  subject: 'A sign-in of yours was ended',
  text: signed(
    'A token that keeps one of your devices signed in was used a second time. Somebody may have copied it, so we have ended that sign-in.',
    'Sign in again. If you do not know why this happened, change your password and sign out everywhere.',
  ),
});
