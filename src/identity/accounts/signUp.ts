import { CrmError } from '../../errors.js';
import type { Clock } from '../../kernel/clock.js';
import type { CommandContext, CommandHandler, Handled } from '../../kernel/commandHandler.js';
import { derivedId, subjectIdOf } from '../../kernel/ids.js';
import { validate } from '../../kernel/validate.js';
import { line } from '../../kernel/values.js';
import { OPERATOR } from '../../kernel/workspace.js';
import type { StateStore } from '../../statestore/port.js';
import type { Passwords } from '../access/passwords.js';
import { memberDecider } from '../members/decider.js';
import { workspaceDecider } from '../workspaces/decider.js';
import { accountDecider } from './decider.js';

/** The version of the privacy policy that is in force. */
export const CURRENT_POLICY_VERSION = '1';

/** Long enough for the appends between reserving and confirming; a crash frees the address after it. */
const RESERVATION_MS = 60_000;
export const EMAIL_CLAIMS = 'account-email';

export interface SignUp {
  readonly name: string;
  readonly email: string;
  readonly phone?: string;
  /** None for who signs in otherwise. */
  readonly password?: string;
  readonly workspaceName: string;
  readonly acceptedPolicyVersion: string;
  readonly confirmsAdult: boolean;
  readonly commandId: string | null;
  readonly correlationId: string;
}

export interface SignedUp {
  readonly account: string;
  readonly workspace: string;
  readonly position: string;
}

export interface SignUpParts {
  readonly handler: CommandHandler;
  readonly stateStore: StateStore;
  readonly passwords: Passwords;
  readonly clock: Clock;
  /** Keyed hash under which an address is claimed. */
  readonly claimKey: (email: string) => string;
  /** What a new workspace begins with. */
  readonly furnish: (context: CommandContext) => Promise<Handled>;
}

/**
 * Opens an account with its first workspace: reserves the address, appends, confirms. What was reserved and not
 * confirmed lapses, so a crash on the way leaves nothing that blocks the person from trying again.
 * Errors: ALREADY_TAKEN, UNDERAGE, POLICY_NOT_CURRENT, BAD_USER_INPUT.
 */
export const signUp = async (request: SignUp, parts: SignUpParts): Promise<SignedUp> => {
  const { handler, stateStore } = parts;
  validate(request.workspaceName, line(200), 'workspaceName');
  const base = { actor: OPERATOR, commandId: request.commandId, correlationId: request.correlationId };
  const asOperator = { ...base, workspace: OPERATOR, controller: OPERATOR };
  const account = handler.newId(asOperator, 'account');
  const subject = subjectIdOf(account);
  const claim = parts.claimKey(request.email);
  const claimed = await stateStore.reserveClaim(EMAIL_CLAIMS, claim, account, parts.clock.now() + RESERVATION_MS);
  if (claimed === 'held') throw new CrmError('ALREADY_TAKEN', { field: 'email' });
  let passwordIsNew = false;
  try {
    const { name, email, phone, password: text, acceptedPolicyVersion, confirmsAdult } = request;
    if (text !== undefined)
      passwordIsNew = await parts.passwords.setFirst(account, { text, field: 'password', words: [name, email] });
    await handler.handle(
      accountDecider,
      account,
      {
        type: 'OpenAccount',
        subject,
        name,
        email,
        phone,
        acceptedPolicyVersion,
        confirmsAdult,
        currentPolicyVersion: CURRENT_POLICY_VERSION,
      },
      asOperator,
    );
  } catch (error) {
    if (claimed === 'reserved') await stateStore.releaseClaim(EMAIL_CLAIMS, claim, account);
    if (passwordIsNew) await parts.passwords.forget(account);
    throw error;
  }
  await stateStore.confirmClaim(EMAIL_CLAIMS, claim, account);
  return openWorkspace(request, account, parts);
};

const openWorkspace = async (request: SignUp, account: string, parts: SignUpParts): Promise<SignedUp> => {
  const { handler } = parts;
  const workspace = derivedId('workspace', account);
  const context = {
    workspace,
    controller: workspace,
    actor: account,
    commandId: request.commandId,
    correlationId: request.correlationId,
  };
  const { workspaceName: name } = request;
  await handler.handle(
    workspaceDecider,
    workspace,
    { type: 'CreateWorkspace', subject: workspace, name, owner: account },
    context,
  );
  await parts.furnish(context);
  const member = derivedId('member', workspace, account);
  const { position } = await handler.handle(
    memberDecider,
    member,
    { type: 'AddMember', subject: subjectIdOf(member), account, role: 'OWNER', name: request.name },
    context,
  );
  return { account, workspace, position };
};
