import { WebSocket } from 'ws';
import { type Serving, serving } from '../schema/serving.js';
import { rawQuery, rawRequest } from '../support/rawHttp.js';

const APP = 'https://app.example';
let closed: Serving;
let listed: Serving;
beforeAll(async () => {
  closed = await serving();
  listed = await serving({ surface: { corsOrigins: [APP] } });
});
afterAll(() => Promise.all([closed.close(), listed.close()]));

const preflight = (crm: Serving, origin: string) =>
  rawRequest(`${crm.url}/graphql`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  });
const corsOf = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

test('[P5.5] no other origin may use the API unless it is listed', async () => {
  const asked = await preflight(closed, APP);
  expect([asked.status, corsOf(asked.headers)]).toEqual([404, []]);
  expect(corsOf((await rawQuery(closed.url, '{ hello }', { origin: APP })).headers)).toEqual([]);
});

test('[P5.5] a listed origin may, and no other, not even one that looks like it', async () => {
  const asked = await preflight(listed, APP);
  expect(asked.status).toBe(204);
  expect(asked.headers).toMatchObject({
    'access-control-allow-origin': APP,
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': expect.stringContaining('authorization'),
  });
  expect((await rawQuery(listed.url, '{ hello }', { origin: APP })).headers).toMatchObject({
    'access-control-allow-origin': APP,
    vary: 'origin',
  });
  for (const origin of ['https://app.example.evil', 'http://app.example', 'https://xapp.example', 'null']) {
    expect((await preflight(listed, origin)).status).toBe(404);
    expect(corsOf((await rawQuery(listed.url, '{ hello }', { origin })).headers)).toEqual([]);
  }
});

test('[P5.5] credentials are never allowed along: no cookie says who somebody is', async () => {
  expect(corsOf((await preflight(listed, APP)).headers)).not.toContain('access-control-allow-credentials');
});

test('[P5.5] a WebSocket is refused to a page of another origin, and opened for ours, a listed one and a program', async () => {
  const status = (crm: Serving, origin?: string): Promise<unknown> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${crm.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { origin });
      socket.on('open', () => resolve(socket.close() ?? 'open'));
      socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
      socket.on('error', resolve);
    });
  expect(await status(closed, 'https://evil.example')).toBe(403);
  expect(await status(closed, 'null')).toBe(403);
  expect(await status(closed, closed.url)).toBe('open');
  expect(await status(closed)).toBe('open');
  expect(await status(listed, APP)).toBe('open');
});
