import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newAccounts } from './accounts.js';
import { apart } from './apart.js';
import { fillContacts } from './dataset.js';
import { latencies } from './latencies.js';
import { LIST, signedIn, wholeList } from './page.js';
import { homeIn, startProduct } from './processes.js';
import type { Bench, Line } from './table.js';

const CONTACTS = 2_000;
const REQUESTS = 20_000;
const WARM_UPS = 2_000;

const QUERIES = [
  { what: 'contact(id)', query: '($id: ID!) { contact(id: $id) { displayName } }', expected: '{"contact":null}' },
  {
    what: 'eventHistory(entityId)',
    query: '($id: ID!) { eventHistory(first: 10, filter: { entityId: $id }) { nodes { id } } }',
    expected: '{"nodes":[]}',
  },
];

/** An id of the same form that there is not. */
const nobodys = (id: string): string => `${id.slice(0, -12)}${randomBytes(6).toString('hex')}`;

/** Whether the ids of another workspace can be told from those that there are not by how long the answer takes. */
export const foreignIdsBench: Bench = {
  name: 'foreignIds',
  async run({ directory, scale }) {
    const own = join(directory, 'foreignIds');
    mkdirSync(own);
    const home = homeIn(own);
    const [asking, foreign] = await newAccounts(home, 2);
    for (const tenant of [asking!, foreign!]) await fillContacts(home, tenant, CONTACTS * scale);
    const product = await startProduct(home);
    const theirs = (await wholeList(product.url, LIST, foreign!)).map(({ node }) => node.id);
    const lines: Line[] = [];
    for (const { what, query, expected } of QUERIES) {
      const bodies = theirs
        .flatMap((id) => [id, nobodys(id)])
        .map((id) => JSON.stringify({ query: `query ${query}`, variables: { id } }));
      const measured = await latencies({
        url: product.url,
        headers: signedIn(asking!),
        bodies,
        connections: 1,
        warmUps: WARM_UPS * scale,
        requests: REQUESTS * scale,
        durationMs: Number.MAX_SAFE_INTEGER,
        expected,
      });
      const timesOf = (parity: number) => measured.filter(({ body }) => body % 2 === parity).map(({ ms }) => ms);
      lines.push(
        apart(
          `${what} of another workspace's record, against an id that there is not`,
          timesOf(0),
          timesOf(1),
          'in turns on one connection, the same answer',
        ),
      );
    }
    await product.stop();
    return lines;
  },
};
