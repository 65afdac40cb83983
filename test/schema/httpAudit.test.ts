import { serverAudits } from 'graphql-http';
import { type Serving, serving } from './serving.js';

let crm: Serving;
beforeAll(async () => {
  crm = await serving();
});
afterAll(() => crm.close());

/** As a client has to: a GET carries a header that no other site can make a browser send (see CSRF prevention). */
const client = (url: string, init: RequestInit = {}) =>
  fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), 'apollo-require-preflight': 'yes' } });

test('the server keeps to GraphQL over HTTP: no audit fails that it must pass, and 58 of 61 at least are met', async () => {
  const results = await Promise.all(serverAudits({ url: `${crm.url}/graphql`, fetchFn: client }).map(({ fn }) => fn()));
  const failing = results.filter(({ status }) => status !== 'ok');
  expect(results).toHaveLength(61);
  expect(failing.filter(({ status }) => status === 'error')).toEqual([]);
  // In plain application/json too, a document or variables that are refused are answered with 400: three audits warn of it.
  expect(failing.map(({ id }) => id).sort()).toEqual(['572B', '7B9B', 'FDE2']);
});
