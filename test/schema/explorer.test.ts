import { type Serving, serving } from './serving.js';

let crm: Serving;
beforeAll(async () => {
  crm = await serving();
});
afterAll(() => crm.close());

test('a browser that opens the endpoint is led to the explorer', async () => {
  const { status, headers } = await crm.ask('/graphql', {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });
  expect([status, headers.location]).toEqual([302, '/explorer']);
});

test('the explorer is a page with a policy that lets it load nothing from elsewhere', async () => {
  const { status, headers, text } = await crm.ask('/explorer');
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = headers['content-security-policy']!;
  expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'sha256-[\w+/]+=*'; /);
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(text).toContain('endpointURL: `/graphql`');
});

test('everything that the page names is served from here', async () => {
  const { text } = await crm.ask('/explorer');
  const names = [...text.matchAll(/(?:src|href)="([^"]+\.(?:js|css|ico|svg))"/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const { status, headers } = await crm.ask(`/explorer/${name}`);
    expect([name, status]).toEqual([name, 200]);
    expect(headers['x-content-type-options']).toBe('nosniff');
  }
});

test.each(['../package.json', '..%2f..%2fpackage.json', 'iframe-sandbox/index.html', 'none.js'])(
  'nothing else is served: %s',
  async (path) => {
    expect((await crm.ask(`/explorer/${path}`)).status).toBe(404);
  },
);
