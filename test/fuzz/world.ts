import { randomBytes } from 'node:crypto';
import { mutate, newId } from '../support/mutations.js';
import { asking, type Caller, type TestServer } from '../support/server.js';

/** Who has signed in, and the workspace that they ask in. */
export type Seated = Caller & { readonly token: string; readonly workspace: string };

/** A workspace with something of every kind in it, all of it bearing a mark that nobody outside may ever see. */
export interface Marked {
  readonly mark: string;
  readonly email: string;
  readonly caller: Seated;
  readonly ids: readonly string[];
}

const PASSWORD = 'correct horse battery';

/** A client with a record of each kind; all of it bears its mark, and what is noted down another. */
export interface MarkedClient {
  readonly mark: string;
  readonly noted: string;
  readonly id: string;
  readonly ids: readonly string[];
}

/** A word that stands nowhere else, and that no request sends. */
export const newMark = (): string => `canary${randomBytes(8).toString('hex')}`;

/** Opens an account with a workspace, and fills it. */
export const markedWorkspace = async (server: TestServer): Promise<Marked> => {
  const mark = newMark();
  const email = `${mark}@example.com`;
  const { signUp } = await asking(server)(
    'mutation ($input: SignUpInput!) { signUp(input: $input) { token account { id } workspace { id } } }',
    {
      input: {
        name: `${mark} Owner`,
        email,
        phone: '+49 30 901820',
        password: PASSWORD,
        workspaceName: `${mark} BPO`,
        acceptedPolicyVersion: '1',
        confirmsAdult: true,
      },
    },
  );
  const caller = { token: signUp.token, workspace: signUp.workspace.id };
  const ids = await filled(server, caller, mark);
  return { mark, email, caller, ids: [signUp.account.id, signUp.workspace.id, ...ids] };
};

const filled = async (server: TestServer, caller: Caller, mark: string): Promise<string[]> => {
  const ask = asking(server, caller);
  const client = await newId(ask, 'client', { name: `${mark} client` });
  const company = await newId(ask, 'company', { name: `${mark} Ltd`, domain: `${mark}.example`, notes: [mark] });
  const product = await newId(ask, 'product', { name: `${mark} product` });
  const person = {
    formattedName: `${mark} Grace`,
    notes: [mark],
    tags: [mark],
    emails: [{ value: `${mark}@mail.example` }],
  };
  const contact = await newId(ask, 'contact', { ...person, companyId: company });
  const clientsContact = await newId(ask, 'contact', { ...person, clientId: client });
  const deal = await newId(ask, 'deal', {
    title: `${mark} deal`,
    contactId: contact,
    productId: product,
    notes: [mark],
  });
  const { contact: asked } = await ask('query ($id: ID!) { contact(id: $id) { subjectId } }', { id: contact });
  await mutate(
    ask,
    'recordConsent',
    { contactId: contact, purpose: 'MARKETING', channel: 'EMAIL', basis: 'CONSENT', noticeVersion: '1', means: mark },
    '__typename',
  );
  return [client, company, product, contact, clientsContact, deal, asked.subjectId];
};

/** Takes on a client of a workspace, with records. */
export const markedClient = async (server: TestServer, caller: Caller): Promise<MarkedClient> => {
  const [mark, noted] = [newMark(), newMark()];
  const ask = asking(server, caller);
  const id = await newId(ask, 'client', { name: `${mark} client` });
  const more = { clientId: id, notes: [noted] };
  const company = await newId(ask, 'company', { name: `${mark} Ltd`, ...more });
  const emails = [{ value: `${mark}@mail.example` }];
  const contact = await newId(ask, 'contact', { formattedName: `${mark} Grace`, emails, companyId: company, ...more });
  const deal = await newId(ask, 'deal', { title: `${mark} deal`, contactId: contact, ...more });
  return { mark, noted, id, ids: [id, company, contact, deal] };
};

/** Signs in again; `null` where that is not possible any more, e.g. because the account was closed. */
export const signedInAgain = async (server: TestServer, email: string): Promise<string | null> => {
  const query = 'mutation ($e: String!, $p: String!) { signIn(input: { email: $e, password: $p }) { token } }';
  const { data } = await server.ask(query, { e: email, p: PASSWORD });
  return data?.signIn?.token ?? null;
};
