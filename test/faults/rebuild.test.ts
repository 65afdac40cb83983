import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { allProjections } from '../../projections/all.js';
import { changesOf } from '../../projections/foldBatch.js';
import type { Projection } from '../../projections/projection.js';
import { rebuild } from '../../projections/rebuild.js';
import { ProjectionRunner, type RunnerReport } from '../../projections/runner.js';
import { contactDecider } from '../../src/crm/contacts/decider.js';
import { dealDecider } from '../../src/crm/deals/decider.js';
import { CrmError } from '../../src/errors.js';
import { memoryEventStore } from '../../src/eventstore/memory.js';
import type { EventStore } from '../../src/eventstore/port.js';
import { CommandHandler } from '../../src/kernel/commandHandler.js';
import { derivedId, pooledRandomBytes, subjectIdOf, timeOrderedIds } from '../../src/kernel/ids.js';
import { consentDecider } from '../../src/privacy/consent/decider.js';
import { subjectDecider } from '../../src/privacy/erasure/decider.js';
import { memoryReadStore } from '../../src/readstore/memory.js';
import { ALL, type ReadStore, type Table } from '../../src/readstore/port.js';
import type { Vault } from '../../src/vault/port.js';
import { openSqliteVault } from '../../src/vault/sqlite.js';
import { eventually } from '../support/eventually.js';
import { attempt, COMPANY_PARTS, CONTACT_PARTS, DEAL_PARTS, PRODUCT_PARTS } from '../support/mutations.js';
import { ask as post, runCli, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();

/** A generator of numbers below a bound that gives the same ones for the same seed (mulberry32). */
const seeded = (seed: number) => {
  let state = seed;
  return (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * bound) | 0;
  };
};
const newSeed = (): number => Number(process.env.TEST_SEED ?? randomInt(2 ** 31));

describe('rebuilt equals live', () => {
  const STEPS = 160;
  const NAMES = ['Grace', 'Łukasz', 'Zoë', '李', 'Ö'];
  const LISTS: readonly (readonly [list: string, parts: string])[] = [
    ...['FAMILY_NAME', 'CREATED_AT'].map(
      (field) => [`contacts(orderBy: [{ field: ${field} }], first: 100)`, CONTACT_PARTS] as const,
    ),
    ['contacts(filter: { deleted: true }, first: 100)', CONTACT_PARTS],
    ['contacts(filter: { mayContactFor: MARKETING }, first: 100)', CONTACT_PARTS],
    ['contacts(filter: { search: "gr" }, first: 100)', CONTACT_PARTS],
    ['contacts(filter: { tag: "vip" }, first: 100)', CONTACT_PARTS],
    ['companies(first: 100)', COMPANY_PARTS],
    ['companies(filter: { deleted: true }, first: 100)', COMPANY_PARTS],
    ['companies(filter: { search: "zo" }, first: 100)', COMPANY_PARTS],
    ['products(first: 200)', PRODUCT_PARTS],
    ['products(deleted: true, first: 200)', PRODUCT_PARTS],
    ...['CLOSE_DATE', 'CREATED_AT', 'VALUE'].map(
      (field) => [`deals(orderBy: [{ field: ${field}, direction: DESC }], first: 100)`, DEAL_PARTS] as const,
    ),
    ['deals(filter: { stage: "won" }, first: 100)', DEAL_PARTS],
    ['deals(filter: { deleted: true }, first: 100)', DEAL_PARTS],
  ];

  /** Everything that can be listed, as the server writes it: rows, cursors, counts. */
  const everything = async (server: TestServer, ada: SignedUp): Promise<string[]> => {
    const queries = LISTS.map(
      ([list, parts]) =>
        `{ ${list} { edges { cursor node { ${parts} } } totalCount totalCountIsExact pageInfo { endCursor } } }`,
    );
    queries.push(
      '{ dealTotals { stage currency count valueMinor } members { id name role } clients { id name } pipelines { id name version stages { id name } } }',
    );
    queries.push('{ currentAccount { id name email workspaces { id name } } }');
    for (let after = ''; ; ) {
      const query = `{ eventHistory(first: 200${after}) { nodes { id type position fields { name value erased } } pageInfo { hasNextPage endCursor } } }`;
      queries.push(query);
      const { data } = await server.ask(query, {}, ada);
      const { hasNextPage, endCursor } = data.eventHistory.pageInfo;
      if (!hasNextPage) break;
      after = `, after: "${endCursor}"`;
    }
    const answers: string[] = [];
    for (const query of queries) {
      const answer = JSON.stringify(await post(server.url, query, {}, ada));
      expect(answer).not.toContain('"errors"');
      answers.push(answer);
    }
    return answers;
  };

  test('after a random sequence of mutations all lists are the same byte for byte once every read model was rebuilt', async () => {
    const seed = newSeed();
    const below = seeded(seed);
    const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;
    let server = await startServer(directory.path());
    const ada = await signUp(server, 'Ada');
    const ids: Record<'contact' | 'company' | 'product' | 'deal' | 'client', string[]> = {
      contact: [],
      company: [],
      product: [],
      deal: [],
      client: [],
    };
    type Kind = keyof typeof ids;
    const mayBe = <T>(value: T): T | undefined => (below(2) === 0 ? value : undefined);
    const fields: Record<Kind, () => object> = {
      contact: () => ({
        givenName: pick(NAMES),
        familyName: mayBe(pick(NAMES)),
        tags: mayBe(['vip', pick(NAMES)]),
        emails: mayBe([{ value: `m${below(9)}@b.example` }]),
        companyId: mayBe(pick(ids.company)),
        customFields: mayBe([{ name: pick(NAMES), value: pick(NAMES) }]),
      }),
      company: () => ({ name: pick(NAMES), employees: mayBe(below(1_000)) }),
      product: () => ({ name: pick(NAMES), priceMinor: mayBe(below(1_000)) }),
      deal: () => ({
        title: pick(NAMES),
        valueMinor: mayBe(below(1_000)),
        currency: mayBe(pick(['EUR', 'USD'])),
        contactId: mayBe(pick(ids.contact)),
        companyId: mayBe(pick(ids.company)),
        stage: mayBe(pick(['prospecting', 'engaging', 'won', 'lost'])),
        closeDate: mayBe(`2026-0${1 + below(9)}-10`),
      }),
      client: () => ({ name: pick(NAMES) }),
    };
    const step = async (): Promise<void> => {
      const kind = pick<Kind>(['contact', 'contact', 'company', 'product', 'deal', 'deal', 'client']);
      const named = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
      const id = pick(ids[kind]);
      if (id === undefined || kind === 'client' || below(3) === 0) {
        const name = kind === 'client' ? 'addClient' : `create${named}`;
        const clientId = kind === 'contact' || kind === 'deal' ? mayBe(pick(ids.client)) : undefined;
        const { data } = await attempt(server, ada, name, { ...fields[kind](), clientId }, `${kind} { id }`);
        if (data?.[name]) ids[kind].push(data[name][kind].id);
        return;
      }
      const consent = { contactId: id, purpose: 'MARKETING', channel: pick(['EMAIL', 'PHONE']) };
      const [name, input] = pick<readonly [string, object]>([
        [`update${named}`, { id, ...fields[kind]() }],
        [`delete${named}`, { id }],
        [`restore${named}`, { id }],
        ...(kind === 'contact'
          ? ([
              ['recordConsent', { ...consent, noticeVersion: '1' }],
              ['withdrawConsent', consent],
              ['eraseContact', { id }],
              ['anonymiseContact', { id }],
            ] as const)
          : []),
      ]);
      await attempt(server, ada, name, input);
    };
    for (let taken = 0; taken < STEPS; taken++) await step();
    // Certificates are events too, and come once the read models were rewritten.
    await eventually(
      'the certificates of every erasure',
      async () => {
        const { data } = await server.ask('{ erasures(first: 200) { nodes { standing } } }', {}, ada);
        return data.erasures.nodes.every(({ standing }: { standing: string }) => standing === 'CERTIFIED');
      },
      60_000,
    );
    const before = await everything(server, ada);
    expect(await server.stop()).toBe(0);
    const { code, output } = await runCli(directory.path(), ['rebuild']);
    expect([code, output]).toEqual([0, allProjections.map(({ name }) => `rebuilt ${name}\n`).join('')]);
    server = await startServer(directory.path());
    const after = await everything(server, ada);
    expect(await server.stop()).toBe(0);
    for (const [index, answer] of after.entries())
      expect(`seed ${seed}: ${answer}`).toBe(`seed ${seed}: ${before[index]}`);
    expect(after).toHaveLength(before.length);
  }, 120_000);
});

describe('the projection runner, over stores in memory', () => {
  const clock = { now: () => Date.UTC(2026, 10, 24) };
  const WORKSPACE = 'workspace';
  let vault: Vault;
  let eventStore: EventStore;
  let reports: RunnerReport[];
  const runners: ProjectionRunner[] = [];

  beforeEach(() => {
    const key = Buffer.alloc(32, 7);
    const file = join(directory.path(), `vault-${crypto.randomUUID()}.db`);
    vault = openSqliteVault({ file, fileKey: key, wrapKey: key, random: pooledRandomBytes });
    eventStore = memoryEventStore();
    reports = [];
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop();
    await eventStore.close();
    await vault.shut();
  });

  const context = {
    workspace: WORKSPACE,
    controller: WORKSPACE,
    actor: 'ada',
    commandId: null,
    correlationId: 'request',
  };

  /** A history in which records are made, changed, binned, linked and erased, some of it within one batch. */
  const happen = async (seed: number, steps: number): Promise<void> => {
    const below = seeded(seed);
    const handler = new CommandHandler({
      eventStore,
      vault,
      clock,
      ids: timeOrderedIds(clock),
      random: pooledRandomBytes,
    });
    const given = {
      today: '2026-11-24',
      stages: [
        { id: 'new', outcome: 'OPEN' as const },
        { id: 'won', outcome: 'WON' as const },
      ],
    };
    const idOf = (kind: string, number: number) => derivedId(kind, String(number));
    const doing: readonly (() => Promise<unknown>)[] = [
      () => {
        const id = idOf('contact', below(12));
        const data = {
          subject: subjectIdOf(id),
          name: { givenName: `Name ${below(5)}` },
          tags: [`tag ${below(3)}`],
        };
        const type = below(2) === 0 ? 'CreateContact' : 'UpdateContact';
        return handler.handle(contactDecider, id, { type, data, given } as const, context);
      },
      () => {
        const id = idOf('contact', below(12));
        const type = below(2) === 0 ? 'DeleteContact' : 'RestoreContact';
        return handler.handle(contactDecider, id, { type, subject: subjectIdOf(id) } as const, context);
      },
      () => {
        const id = idOf('deal', below(12));
        const data = {
          subject: id,
          title: `Deal ${below(5)}`,
          pipeline: idOf('pipeline', 0),
          stage: 'new',
          contact: idOf('contact', below(12)),
          valueMinor: below(100),
        };
        return handler.handle(dealDecider, id, { type: 'CreateDeal', data, given } as const, context);
      },
      () => {
        const id = idOf('deal', below(12));
        const data = { subject: id, valueMinor: below(100) };
        return handler.handle(dealDecider, id, { type: 'UpdateDeal', data, stage: 'won', given } as const, context);
      },
      () => {
        const subject = subjectIdOf(idOf('contact', below(12)));
        const consent = { subject, purpose: 'MARKETING', channel: 'EMAIL' } as const;
        const give = { type: 'GiveConsent', ...consent, basis: 'CONSENT', noticeVersion: `${below(3)}` } as const;
        return handler.handle(
          consentDecider,
          subject,
          below(3) > 0 ? give : ({ type: 'WithdrawConsent', ...consent } as const),
          context,
        );
      },
      async () => {
        if (below(4) > 0) return;
        const contact = idOf('contact', below(12));
        const subject = subjectIdOf(contact);
        await vault.close(WORKSPACE, subject);
        const kind = below(2) === 0 ? 'ERASE' : 'ANONYMISE';
        await handler.handle(
          subjectDecider,
          subject,
          { type: 'EraseSubject', record: contact, recordKind: 'CONTACT', subject, kind, reason: 'OTHER' } as const,
          context,
        );
        await vault.destroy(WORKSPACE, subject);
      },
    ];
    for (let taken = 0; taken < steps; taken++) {
      await doing[below(doing.length)]!().catch((error: unknown) => {
        if (!(error instanceof CrmError)) throw error;
      });
    }
  };

  const running = async (
    projections: readonly Projection[],
    readStore: ReadStore,
    batchSize?: number,
  ): Promise<ProjectionRunner> => {
    const inBatches: Pick<EventStore, 'subscribe' | 'head'> = {
      head: () => eventStore.head(),
      subscribe: (subscription) => eventStore.subscribe({ ...subscription, batchSize }),
    };
    const report = (what: RunnerReport) => void reports.push(what);
    const parts = { eventStore: inBatches, readStore, keys: vault, clock, report, pause: () => Promise.resolve() };
    const runner = new ProjectionRunner(parts, projections);
    runners.push(runner);
    await runner.start();
    return runner;
  };
  const caughtUp = async (runner: ProjectionRunner, names = allProjections.map(({ name }) => name)) =>
    runner.waitFor(names, await eventStore.head(), 10_000);

  /** Records are listed as live or in the bin, everything else as a whole. */
  const listsOf = (table: Table): readonly string[] => (table.listedIn === undefined ? [ALL] : ['live', 'bin']);

  /** Every row of every table, with the places that it has in each order. */
  const rowsIn = async (readStore: ReadStore): Promise<Record<string, unknown>> => {
    const tables: readonly Table[] = allProjections.flatMap((projection) => projection.tables);
    const found: Record<string, unknown> = {};
    for (const table of tables) {
      for (const order of Object.keys(table.orders)) {
        for (const scope of [WORKSPACE, 'operator']) {
          for (const facet of listsOf(table)) {
            const all = { direction: 'asc', limit: 10_000, countUpTo: 10_000 } as const;
            const page = await readStore.page(table, { scope, order, facets: [facet], ...all });
            found[`${table.name} of ${facet} by ${order} in ${scope}`] = page;
          }
        }
      }
    }
    return found;
  };

  test('gives the same rows at any batch size, and a rebuild gives them again', async () => {
    const seed = newSeed();
    await happen(seed, 300);
    const rows: unknown[] = [];
    for (const batchSize of [1, 2, 7, 100, 10_000]) {
      const readStore = memoryReadStore();
      await caughtUp(await running(allProjections, readStore, batchSize));
      rows.push(await rowsIn(readStore));
      if (batchSize !== 7) continue;
      for (const projection of allProjections) await rebuild(projection, { eventStore, readStore, keys: vault });
      rows.push(await rowsIn(readStore));
    }
    for (const each of rows) expect({ seed, rows: each }).toEqual({ seed, rows: rows[0] });
    expect(JSON.stringify(rows[0]).length).toBeGreaterThan(10_000);
  });

  /** One read model of the product that cannot apply a type of event. */
  const poisoned = (name: string, type: string): readonly Projection[] =>
    allProjections.map((projection) => {
      if (projection.name !== name) return projection;
      const apply = () => {
        throw new TypeError('A bug of our own.');
      };
      return { ...projection, apply: { ...projection.apply, [type]: apply } };
    });

  test.each([1, 500])(
    'a poison event stops its own projection alone and is reported with its position, in batches of %i',
    async (batchSize) => {
      await happen(42, 120);
      const { events } = await eventStore.readAll({ after: '', types: ['DealStageChanged'], limit: 1 });
      const { position } = events[0]!;
      const readStore = memoryReadStore();
      const runner = await running(poisoned('deals', 'DealStageChanged'), readStore, batchSize);
      const others = allProjections.map(({ name }) => name).filter((name) => name !== 'deals');
      await caughtUp(runner, others);
      await expect(caughtUp(runner, ['deals'])).rejects.toMatchObject({ code: 'PROJECTION_STOPPED' });
      const stopped = runner.status().filter((each) => each.stopped !== undefined);
      expect(stopped).toMatchObject([{ projection: 'deals', stopped: { position, code: 'INTERNAL' } }]);
      expect(stopped[0]!.checkpoint < position).toBe(true);
      expect(reports).toMatchObject([{ kind: 'projection-stopped', projection: 'deals', position }]);
      await happen(43, 20);
      await caughtUp(runner, others);
      const whole = memoryReadStore();
      await caughtUp(await running(allProjections, whole));
      const [mine, all] = [await rowsIn(readStore), await rowsIn(whole)];
      for (const table of Object.keys(all)) {
        if (!table.startsWith('deals')) expect([table, mine[table]]).toEqual([table, all[table]]);
      }
      expect(mine['deals of live by created in workspace']).not.toEqual(all['deals of live by created in workspace']);
    },
  );

  test('what stood before the poison event is there, and nothing of what came after it', async () => {
    await happen(42, 120);
    const { events } = await eventStore.readAll({ after: '', limit: 10_000 });
    const poison = events.find(({ type }) => type === 'DealStageChanged')!;
    const readStore = memoryReadStore();
    const runner = await running(poisoned('deals', 'DealStageChanged'), readStore);
    await caughtUp(runner, ['contacts']);
    const before = memoryReadStore();
    const deals = allProjections.find(({ name }) => name === 'deals')!;
    const until: Projection = {
      ...deals,
      apply: Object.fromEntries(
        Object.keys(deals.apply).map((type) => [
          type,
          (event) => (event.position < poison.position ? changesOf(deals, event) : []),
        ]),
      ),
    };
    await caughtUp(await running([until], before), ['deals']);
    const table = deals.tables[0]!;
    const query = { scope: WORKSPACE, order: 'created', direction: 'asc', facets: ['live'], limit: 1_000 } as const;
    expect(await readStore.page(table, query)).toEqual(await before.page(table, query));
  });
});
