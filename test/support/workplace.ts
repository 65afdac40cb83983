import { buildCrmSchema } from '../../schema/build.js';
import { Context, readRecorder } from '../../schema/context.js';
import { createGraphqlServer } from '../../schema/server.js';
import { readConfig } from '../../src/app/config.js';
import type { Installation } from '../../src/app/installation.js';
import { openInstallation } from '../../src/app/openInstallation.js';
import type { InvitationMail } from '../../src/identity/members/memberships.js';
import type { Clock } from '../../src/kernel/clock.js';
import { mutate } from './mutations.js';
import { type Answer, ask, asking, type Caller, environmentFor, type SignedUp, signUp } from './server.js';

/** A clock that a test sets. It begins at the real time, which tokens and claims go by as well. */
export class SetClock implements Clock {
  #ahead = 0;

  now(): number {
    return Date.now() + this.#ahead;
  }

  advance(ms: number): void {
    this.#ahead += ms;
  }
}

export interface Colleague extends Caller {
  readonly token: string;
  readonly workspace: string;
  readonly account: string;
  readonly memberId: string;
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The real server on a real port, in this process, so that a test holds its clock and the mail that it sends. */
export class Workplace {
  private constructor(
    readonly url: string,
    readonly installation: Installation,
    private readonly end: () => Promise<void>,
    /** In the order in which they were sent. */
    readonly mails: readonly InvitationMail[],
  ) {}

  static async open(directory: string, clock?: Clock, env: NodeJS.ProcessEnv = {}): Promise<Workplace> {
    const mails: InvitationMail[] = [];
    const home = readConfig(environmentFor(directory, env));
    const invite = async (mail: InvitationMail) => void mails.push(mail);
    const { installation, close } = await openInstallation(home, { clock, invite });
    const server = await createGraphqlServer({
      schema: buildCrmSchema(),
      contextOf: (caller) => Context.of(installation, caller),
      reads: readRecorder,
      health: () => ({ ready: true }),
      logger: quiet,
    });
    const address = await server.listen('127.0.0.1', 0);
    const end = async () => {
      await server.close();
      await close();
    };
    return new Workplace(`${address}/graphql`, installation, end, mails);
  }

  ask = (query: string, variables: object = {}, caller: Caller = {}): Promise<Answer> =>
    ask(this.url, query, variables, caller);

  /** Somebody new, with a workspace of their own. */
  async owner(name: string): Promise<Colleague> {
    const person = await signUp(this, name);
    const caller = { token: person.token, workspace: person.workspaceId };
    const { members } = await asking(this, caller)('{ members { id } }');
    return { ...caller, account: person.account, memberId: members[0].id };
  }

  /** Somebody new who joins a workspace by an invitation. */
  async join(owner: Caller & { readonly workspace: string }, name: string, role: object): Promise<Colleague> {
    const person = await signUp(this, name);
    await this.invite(owner, person, role);
    return this.accept(person, owner.workspace);
  }

  /** Invites somebody who has signed up; answers the token of the mail. */
  async invite(owner: Caller, person: SignedUp, role: object): Promise<string> {
    const { currentAccount } = await asking(this, { token: person.token })('{ currentAccount { email } }');
    await mutate(asking(this, owner), 'inviteMember', { email: currentAccount.email, ...role }, 'position');
    return this.mails.at(-1)!.token;
  }

  async accept(person: SignedUp, workspace: string): Promise<Colleague> {
    const { token } = this.mails.at(-1)!;
    const joined = await mutate(asking(this, { token: person.token }), 'acceptInvitation', { token }, 'memberId');
    return { token: person.token, workspace, account: person.account, memberId: joined.memberId };
  }

  /** The same person, signed in again: after more time than a session lasts. */
  async again<Person extends { readonly account: string }>(person: Person): Promise<Person & { token: string }> {
    const { token } = await this.installation.sessions.begin(person.account);
    return { ...person, token };
  }

  close(): Promise<void> {
    return this.end();
  }
}
