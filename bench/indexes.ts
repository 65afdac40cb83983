import { join } from 'node:path';
import {
  type ContactRow,
  contactPage,
  contacts,
  contactTable,
  emailFacet,
  reachFacet,
} from '../projections/crm/contacts.js';
import { LIVE, tagFacet } from '../projections/crm/record.js';
import { ofSubject } from '../projections/person.js';
import { queryWords } from '../projections/tokens.js';
import { pooledRandomBytes } from '../src/kernel/ids.js';
import type { PageQuery, ReadStore, Row, Table } from '../src/readstore/port.js';
import { openSqliteReadStore } from '../src/readstore/sqlite.js';
import { CONTACTS_A_COMPANY, cities, saidYes, sampleContact, scattered } from './sample.js';
import { type Bench, type Line, median, percentile, rounded } from './table.js';

const FEW = 1_000;
const MANY = 1_000_000;
const BATCH = 1_000;
const CACHE_MIB = 128;
const PAGE = 50;
const QUERIES = 1_000;
const WORKSPACE = 'workspace';

/** A contact's row as the projection would have it. */
const rowOf = (number: number, of: number): ContactRow => {
  const { givenName, familyName, city, jobTitle, ...fields } = sampleContact(number);
  const time = new Date(Date.UTC(2020, 0, 1) + number * 1_000).toISOString();
  const since = { since: time, basis: 'CONSENT', noticeVersion: '1' } as const;
  const consent = { purpose: 'MARKETING', channel: 'EMAIL', state: 'GIVEN', ...since } as const;
  return {
    ...fields,
    id: idOf(number),
    workspace: WORKSPACE,
    controller: WORKSPACE,
    version: 1,
    createdAt: time,
    updatedAt: time,
    subject: `subject-${idOf(number)}`,
    name: { givenName, familyName },
    addresses: [{ city }],
    work: { jobTitle },
    company: companyOf(number, of),
    consents: saidYes(number) ? { 'MARKETING:EMAIL': consent } : undefined,
  };
};

const idOf = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
/** As many companies as give each the same number of contacts, whatever the number of contacts. */
const companyOf = (number: number, of: number): string => `company-${scattered(number, 10, of / CONTACTS_A_COMPANY)}`;

/** Filled as a rebuild fills: beside the live build, then indexed and switched to. */
const filled = async (file: string, count: number): Promise<ReadStore> => {
  const store = openSqliteReadStore({ file, fileKey: pooledRandomBytes(32), cacheMiB: CACHE_MIB });
  await store.register(contacts);
  const table = contactTable as unknown as Table;
  let build = await store.startBuild(contacts);
  for (let first = 0; first < count; first += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => {
      const after = rowOf(first + index, count) as unknown as Row;
      return { table, key: idOf(first + index), before: null, after };
    });
    const to = String(first + BATCH).padStart(16, '0');
    await store.write([{ build, from: build.checkpoint, to, rows }]);
    build = { ...build, checkpoint: to };
  }
  await store.switchTo(build);
  return store;
};

/** A query by one index, with a facet and a place that some contact stands at. */
interface Index {
  readonly name: string;
  readonly query: (number: number, of: number) => Pick<PageQuery, 'order' | 'direction' | 'facets' | 'words' | 'after'>;
}

const after = (order: 'name' | 'created', number: number, of: number) => ({
  sort: contactTable.orders[order]!(rowOf(number, of)),
  key: idOf(number),
});

const FACETS: readonly { readonly name: string; readonly of: (number: number, of: number) => string; all?: boolean }[] =
  [
    { name: 'live', of: () => LIVE, all: true },
    { name: 'controller', of: () => `controller:${WORKSPACE}`, all: true },
    { name: 'tag', of: (number) => tagFacet(sampleContact(number).tags[0]!), all: true },
    { name: 'reach', of: () => reachFacet('MARKETING'), all: true },
    { name: 'reach by channel', of: () => reachFacet('MARKETING', 'EMAIL'), all: true },
    { name: 'company', of: (number, of) => `company:${companyOf(number, of)}` },
    { name: 'e-mail', of: (number) => emailFacet(sampleContact(number).emails[0]!.value) },
    { name: 'subject', of: (number) => ofSubject(`subject-${idOf(number)}`) },
  ];

/** Every order of every facet both ways; where the facet has many rows, from a place in the midst of them. */
const INDEXES: readonly Index[] = FACETS.flatMap(({ name, of: facetOf, all }) =>
  (['name', 'created'] as const).flatMap((order) =>
    (['asc', 'desc'] as const).map((direction) => ({
      name: `${name} by ${order} ${direction}`,
      query: (number: number, of: number) => ({
        order,
        direction,
        facets: [facetOf(number, of)],
        after: all ? after(order, number, of) : undefined,
      }),
    })),
  ),
);

const SEARCH: Index = {
  name: 'search',
  query: (number) => ({
    order: 'name',
    direction: 'asc',
    facets: [LIVE],
    words: queryWords(cities[scattered(number, 21, cities.length)]!),
  }),
};

interface Sizes {
  readonly store: ReadStore;
  readonly count: number;
}

/** Milliseconds of single pages: by the clock, and of a processor. */
interface Times {
  readonly elapsed: number[];
  readonly processor: number[];
}

/**
 * One side after the other for each query. Other processes of the machine take the processor for longer than a page takes:
 * the p99 by the clock is theirs. Of a processor's time a page takes what it costs, cold pages and garbage collection too;
 * the files are in the cache of the operating system, so that no disk is waited for.
 */
const timed = async (index: Index, sides: readonly Sizes[]): Promise<Times[]> => {
  const times = sides.map((): Times => ({ elapsed: [], processor: [] }));
  for (let number = 0; number < QUERIES; number++) {
    for (const [side, { store, count }] of sides.entries()) {
      const query = index.query(scattered(number, 20, count), count);
      const before = process.cpuUsage();
      const began = performance.now();
      await contactPage(store, { scope: WORKSPACE, limit: PAGE, ...query }, null);
      times[side]!.elapsed.push(performance.now() - began);
      const { user, system } = process.cpuUsage(before);
      times[side]!.processor.push((user + system) / 1_000);
    }
  }
  return times;
};

interface P99 {
  readonly name: string;
  readonly ours: number;
  readonly against: number;
  readonly ratio: number;
  readonly byTheClock: string;
}

const p99 = async (index: Index, sides: readonly [Sizes, Sizes], rounds: number): Promise<P99> => {
  const found = sides.map(() => ({ elapsed: [] as number[], processor: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    const times = await timed(index, sides);
    if (round === 0) continue; // statements and caches
    for (const [side, { elapsed, processor }] of times.entries()) {
      found[side]!.elapsed.push(percentile(elapsed, 99));
      found[side]!.processor.push(percentile(processor, 99));
    }
  }
  const [ours, against] = found.map(({ processor }) => median(processor)) as [number, number];
  const [clock, otherClock] = found.map(({ elapsed }) => rounded(median(elapsed)));
  const byTheClock = `by the clock ${clock} ms against ${otherClock} ms`;
  return { name: index.name, ours, against, ratio: ours / against, byTheClock };
};

const figuresOf = ({ ours, against, ratio }: P99): Line['figures'] => ({
  ours: `${rounded(ours)} ms`,
  against: `${rounded(against)} ms`,
  ratio,
});

export const indexesBench: Bench = {
  name: 'indexes',
  async run({ directory, scale, rounds }) {
    const many = MANY * scale;
    const sides = [
      { store: await filled(join(directory, 'many.db'), many), count: many },
      { store: await filled(join(directory, 'few.db'), FEW), count: FEW },
    ] as const;
    const results = [];
    for (const index of INDEXES) results.push(await p99(index, sides, rounds));
    const search = await p99(SEARCH, sides, rounds);
    for (const { store } of sides) await store.close();
    results.sort((a, b) => b.ratio - a.ratio);
    const [worst] = results;
    const rest = results.slice(1, 4).map(({ name, ratio }) => `${name} ${rounded(ratio)} ×`);
    return [
      {
        measured: `a page of ${PAGE} by any declared index, ${many.toLocaleString('en')} contacts, p99`,
        figures: figuresOf(worst!),
        required: { atMost: 2 },
        remarkable: { atMost: 1.2 },
        note: `the worst of ${results.length} indexes, which is ${worst!.name}; then ${rest.join(', ')}; median ${rounded(
          percentile(
            results.map(({ ratio }) => ratio),
            50,
          ),
        )} ×; processor time, from the read store, against ${FEW} contacts, from places all over the list; ${worst!.byTheClock}`,
      },
      {
        measured: `a search by a common word, first page, ${many.toLocaleString('en')} contacts, p99`,
        figures: figuresOf(search),
        required: { atMost: 10 },
        remarkable: { atMost: 3 },
        note: `a word that one in ${cities.length} has, as a person types it, among what is live; processor time, from the read store, against ${FEW} contacts; ${search.byTheClock}`,
      },
    ];
  },
};
