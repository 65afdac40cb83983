import { asking, type TestServer } from './server.js';
import type { SmtpServer } from './smtp.js';

let people = 0;

/** Somebody who has not been here before, as they fill in the form. */
export const newcomer = <Form extends object>(more?: Form) => ({
  name: 'Ada Lovelace',
  email: `somebody-${process.pid}-${people++}@example.com`,
  password: 'correct horse battery',
  workspaceName: 'Lovelace BPO',
  acceptedPolicyVersion: '1',
  confirmsAdult: true,
  ...(more as Form),
});

export interface SignedIn {
  readonly token: string;
  readonly refreshToken: string | null;
  readonly expiresAt: string;
  readonly account: { readonly id: string };
  readonly workspaceId: string;
}

const TOKENS = 'token refreshToken expiresAt account { id }';
export const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { ${TOKENS} } }`;

/** Opens an account; answers with the form and what came of it. */
export const opened = async (server: Pick<TestServer, 'ask'>, more: object = {}) => {
  const form = newcomer(more);
  const query = `mutation ($input: SignUpInput!) { signUp(input: $input) { ${TOKENS} workspace { id } } }`;
  const { signUp } = await asking(server)(query, { input: form });
  const { workspace, ...signedIn } = signUp;
  return { ...form, ...(signedIn as SignedIn), workspaceId: workspace.id as string };
};

export const signIn = (server: Pick<TestServer, 'ask'>, input: object) => server.ask(SIGN_IN, { input });

/** The token that was mailed to an address. */
export const mailedToken = async (smtp: SmtpServer, email: string, subject: RegExp): Promise<string> =>
  /code: (\S+)/.exec((await smtp.mailTo(email, subject)).text)![1]!;
