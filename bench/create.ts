import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newHome } from './dataset.js';
import { CpuPerRequest, load, warmUp } from './load.js';
import { DURATION_MS, signedIn, WARM_UP_MS } from './page.js';
import { homeIn, startProduct, startServer } from './processes.js';
import { sampleContact } from './sample.js';
import { type Bench, inTurns, rounded } from './table.js';

export const CONNECTIONS = 64;
const BODIES = 5_000;

const QUERY = `mutation ($input: CreateContactInput!) { createContact(input: $input) {
  contact { id displayName emails { value } company { id name } tags } version position } }`;

/** Those from this number on. */
export const createBodies = (first: number): readonly string[] =>
  Array.from({ length: BODIES }, (_, number) => {
    const { city, ...fields } = sampleContact(first + number);
    return JSON.stringify({ query: QUERY, variables: { input: { ...fields, addresses: [{ city }] } } });
  });

export const createBench: Bench = {
  name: 'create',
  async run({ directory, rounds }) {
    const own = join(directory, 'create');
    mkdirSync(own);
    const home = homeIn(own);
    const tenant = await newHome(home);
    const product = await startProduct(home);
    const file = join(own, 'contacts.json');
    writeFileSync(file, '[]');
    const plain = await startServer('bench/plainApollo.js', { CONTACTS_FILE: file });
    const cpu = new CpuPerRequest();
    const bodies = createBodies(0);
    const sides = [
      { server: product, headers: signedIn(tenant) },
      { server: plain, headers: {} },
    ] as const;
    const jobFor = ({ server: { url }, headers }: (typeof sides)[number]) => {
      return { url, headers, bodies, connections: CONNECTIONS, sameAnswers: false };
    };
    for (const side of sides) await warmUp(jobFor(side), side.server);
    const measure = async (side: (typeof sides)[number]): Promise<number> => {
      const { server } = side;
      const report = await load({ ...jobFor(side), warmUpMs: WARM_UP_MS, durationMs: DURATION_MS }, server);
      cpu.add(server, report);
      return report.requestsPerSecond;
    };
    const { ours, against, ratio } = await inTurns(
      rounds,
      () => measure(sides[0]),
      () => measure(sides[1]),
    );
    await product.stop();
    await plain.stop();
    return [
      {
        measured: `createContact over HTTP, ${CONNECTIONS} connections`,
        figures: { ours: `${rounded(ours)} requests/s`, against: `${rounded(against)} requests/s`, ratio },
        required: { atLeast: 0.4 },
        remarkable: { atLeast: 0.8 },
        note: `each of ours is on disk (key and event) and in the read models when it is answered; the other stores nothing; ${cpu.inWords(product, plain)}`,
      },
    ];
  },
};
