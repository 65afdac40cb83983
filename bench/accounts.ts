import { openInstallation } from '../src/app/openInstallation.js';
import type { Tenant } from './dataset.js';
import type { Home } from './processes.js';

export interface Account extends Tenant {
  readonly email: string;
}

export const PASSWORD = 'correct horse battery';

/** A new installation with so many accounts, each with a workspace of its own. */
export const newAccounts = async (home: Home, count: number): Promise<readonly Account[]> => {
  const { installation, close } = await openInstallation(home);
  const accounts: Account[] = [];
  for (let number = 0; number < count; number++) {
    const email = `person${number}@example.com`;
    const { account, workspace } = await installation.signUp({
      name: `Person ${number}`,
      email,
      password: PASSWORD,
      workspaceName: `Workspace ${number}`,
      acceptedPolicyVersion: '1',
      confirmsAdult: true,
      commandId: null,
      correlationId: installation.ids.next(),
    });
    const { token } = await installation.sessions.begin(account);
    accounts.push({ email, account, workspace, token });
  }
  await installation.caughtUp();
  await close();
  return accounts;
};

export const signInBody = (email: string, password: string): string =>
  JSON.stringify({
    query: 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }',
    variables: { input: { email, password } },
  });
