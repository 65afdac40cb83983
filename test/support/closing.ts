import { mutate } from './mutations.js';
import { mailedToken, opened } from './people.js';
import { asking, type TestServer } from './server.js';
import type { SmtpServer } from './smtp.js';

export type Person = Awaited<ReturnType<typeof opened>>;

export const asOwner = ({ token, workspaceId }: Person) => ({ token, workspace: workspaceId });

/** Somebody joins a workspace by an invitation that was mailed to them; answers as whom they act there. */
export const join = async (
  server: Pick<TestServer, 'ask'>,
  smtp: SmtpServer,
  { owner, person, role = 'AGENT' }: { owner: Person; person: Person; role?: string },
) => {
  await mutate(asking(server, asOwner(owner)), 'inviteMember', { email: person.email, role }, 'position');
  const token = await mailedToken(smtp, person.email, /invited/i);
  const joined = await mutate(asking(server, { token: person.token }), 'acceptInvitation', { token }, 'memberId');
  return { token: person.token, workspace: owner.workspaceId, memberId: joined.memberId as string };
};

/** A certificate by the link that whoever asked for the erasure has. */
export const certificateAt = async (server: Pick<TestServer, 'origin'>, path: string) => {
  const response = await fetch(`${server.origin}${path}`, { headers: { accept: 'application/json' } });
  return response.status === 200 ? JSON.parse(((await response.json()) as { certificate: string }).certificate) : null;
};
