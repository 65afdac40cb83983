import { readConfig } from '../../src/app/config.js';
import { outboxOf } from '../../src/app/mail.js';
import { mutate } from '../support/mutations.js';
import { asking, environmentFor, signUp, type TestServer } from '../support/server.js';
import { newMark, type Seated } from './world.js';

/** Who has joined a workspace. */
export interface Member {
  readonly email: string;
  readonly memberId: string;
  readonly caller: Seated;
}

/** Where members join: a server, and the directory of its installation, in whose outbox invitations lie. */
export interface Place {
  readonly server: TestServer;
  readonly directory: string;
}

/** Somebody new joins a workspace by an invitation of its owner. */
export const memberOf = async ({ server, directory }: Place, owner: Seated, role: object): Promise<Member> => {
  const name = newMark();
  const email = `${name}@example.com`;
  const { token } = await signUp(server, name);
  await mutate(asking(server, owner), 'inviteMember', { email, ...role }, 'position');
  const mails = await outboxOf(readConfig(environmentFor(directory)));
  const invitation = mails
    .filter(({ to }) => to === email)
    .flatMap(({ text }) => /accept-invitation#(\S+)/.exec(text) ?? []);
  const accepting = { token: invitation[1] };
  const { memberId } = await mutate(asking(server, { token }), 'acceptInvitation', accepting, 'memberId');
  return { email, memberId, caller: { token, workspace: owner.workspace } };
};
