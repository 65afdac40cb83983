import { attempt, mutate, newId } from '../support/mutations.js';
import { asking, refusedBy, type SignedUp, signUp, startServer, type TestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(directory.path());
});
afterAll(() => server.stop());

interface Workspace {
  readonly caller: SignedUp;
  readonly ask: ReturnType<typeof asking>;
  readonly refused: ReturnType<typeof refusedBy>;
}
const workspaceOf = async (name: string): Promise<Workspace> => {
  const caller = await signUp(server, name);
  return { caller, ask: asking(server, caller), refused: refusedBy(server, caller) };
};

interface ListedContact {
  readonly id: string;
  readonly familyName: string;
  readonly givenName: string;
  readonly createdAt: string;
}

describe('120 contacts', () => {
  const COUNT = 120;
  /** Names of which several are alike, so that pages have to be told apart by more than the name. */
  const FAMILY_NAMES = ['Zuse', 'hopper', 'Hopper', 'Lovelace', 'Ängström', 'Noether', 'de Morgan'];
  let list: Workspace;

  beforeAll(async () => {
    list = await workspaceOf('Lister');
    const inputs = Array.from({ length: COUNT }, (_, index) => ({
      givenName: `Number ${index % 3}`,
      familyName: FAMILY_NAMES[index % FAMILY_NAMES.length],
      tags: index % 2 === 0 ? ['even'] : ['odd'],
    }));
    await Promise.all(inputs.map((input) => newId(list.ask, 'contact', input)));
  });

  const PAGE = `query ($first: Int!, $after: String, $orderBy: [ContactOrder!], $filter: ContactFilter) {
    contacts(first: $first, after: $after, orderBy: $orderBy, filter: $filter) {
      edges { cursor node { id familyName givenName createdAt } } totalCount totalCountIsExact
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

  const page = async (variables: object) => (await list.ask(PAGE, variables)).contacts;

  /** Every page of a list, one after the other. */
  const pagedThrough = async (first: number, variables: object): Promise<ListedContact[]> => {
    const found: ListedContact[] = [];
    for (let after: string | null = null; ; ) {
      const { edges, pageInfo, totalCount } = await page({ ...variables, first, after });
      expect(pageInfo.hasPreviousPage).toBe(after !== null);
      expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor, edges.at(-1)?.cursor]);
      found.push(...edges.map(({ node }: { node: ListedContact }) => node));
      if (!pageInfo.hasNextPage) {
        expect(found).toHaveLength(totalCount);
        return found;
      }
      expect(edges).toHaveLength(first);
      after = pageInfo.endCursor;
    }
  };

  const orders = ['FAMILY_NAME', 'CREATED_AT'].flatMap((field) =>
    ['ASC', 'DESC'].map((direction) => ({ field, direction })),
  );

  test.each(orders)('are paged through by $field $direction without loss or duplicate', async (order) => {
    const orderBy = [order];
    const whole = await pagedThrough(200, { orderBy });
    expect(new Set(whole.map(({ id }) => id)).size).toBe(COUNT);
    for (const size of [7, 40]) expect(await pagedThrough(size, { orderBy })).toEqual(whole);
    const other = { ...order, direction: order.direction === 'ASC' ? 'DESC' : 'ASC' };
    expect(await pagedThrough(11, { orderBy: [other] })).toEqual(whole.toReversed());
  });

  test('stand in the order of their family names as people read them, then of their given names', async () => {
    const names = (await pagedThrough(200, {})).map(({ familyName, givenName }) => `${familyName} ${givenName}`);
    const folded = names.map((name) => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase());
    expect(folded).toEqual(folded.toSorted());
  });

  test('stand in the order in which they were made', async () => {
    const made = (await pagedThrough(200, { orderBy: [{ field: 'CREATED_AT' }] })).map(({ createdAt }) => createdAt);
    expect(made).toEqual(made.toSorted());
  });

  test('are filtered by a tag, in pages, counted exactly', async () => {
    const filter = { tag: 'Even' };
    expect(await pagedThrough(7, { filter, orderBy: [{ field: 'CREATED_AT', direction: 'DESC' }] })).toHaveLength(
      COUNT / 2,
    );
    expect(await page({ first: 1, filter })).toMatchObject({ totalCount: COUNT / 2, totalCountIsExact: true });
  });

  test('are searched and filtered at once, in pages', async () => {
    const both = await pagedThrough(4, { filter: { search: 'hopper', tag: 'odd' } });
    expect(new Set(both.map(({ familyName }) => familyName.toLowerCase()))).toEqual(new Set(['hopper']));
    const all = await pagedThrough(200, {});
    const even = new Set((await pagedThrough(200, { filter: { tag: 'even' } })).map(({ id }) => id));
    const expected = all.filter(({ id, familyName }) => !even.has(id) && /^hopper$/i.test(familyName));
    expect(new Set(both)).toEqual(new Set(expected));
  });

  test('a page goes on from its cursor although the list has grown meanwhile', async () => {
    const orderBy = [{ field: 'CREATED_AT', direction: 'DESC' }];
    const first = await page({ first: 10, orderBy });
    const late = await newId(list.ask, 'contact', { familyName: 'Late' });
    const second = await page({ first: 200, orderBy, after: first.pageInfo.endCursor });
    const ids = [...first.edges, ...second.edges].map(({ node }: { node: ListedContact }) => node.id);
    expect([ids.length, new Set(ids).size]).toEqual([COUNT, COUNT]);
    await mutate(list.ask, 'eraseContact', { id: late }, 'subjectId');
  });

  test('a page is no longer than 200 rows and no shorter than none', async () => {
    for (const first of [201, 2_000_000_000]) {
      expect(await list.refused(PAGE, { first })).toMatchObject({ code: 'PAGE_TOO_LARGE', limit: 200, actual: first });
      expect(await list.refused(`{ contacts(first: ${first}) { totalCount } }`)).toMatchObject({
        code: 'PAGE_TOO_LARGE',
      });
    }
    expect(await list.refused(PAGE, { first: -1 })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'first' });
    expect(await page({ first: 0 })).toMatchObject({ edges: [], totalCount: COUNT });
  });

  test('a cursor that no list gave out is refused', async () => {
    const { pageInfo } = await page({ first: 1 });
    const forged = Buffer.from('["a"]').toString('base64url');
    for (const after of [
      'nonsense',
      '🙂',
      forged,
      `${pageInfo.endCursor}A`,
      pageInfo.endCursor.slice(2),
      'A'.repeat(10_000),
    ]) {
      expect(await list.refused(PAGE, { first: 1, after })).toEqual({ code: 'BAD_CURSOR', field: 'after' });
    }
  });
});

describe('full-text search', () => {
  let search: Workspace;
  beforeAll(async () => {
    search = await workspaceOf('Searcher');
  });

  type List = 'contacts' | 'companies' | 'deals';
  const found = async (list: List, words: string): Promise<string[]> => {
    const query = `query ($search: String!) { ${list}(filter: { search: $search }) { nodes { id } totalCount } }`;
    const { nodes, totalCount } = (await search.ask(query, { search: words }))[list];
    expect(totalCount).toBe(nodes.length);
    return nodes.map(({ id }: { id: string }) => id);
  };

  test.each([
    ['a whole word', 'müller'],
    ['an unfinished last word', 'Jürgen Müll'],
    ['no diacritics', 'jurgen muller'],
    ['other letters for them', 'MÜLLER jürgen'],
    ['decomposed letters', 'Mu\u0308ller'],
    ['a whole e-mail address', 'j.mueller@kunde-eins.example'],
    ['the host of an e-mail address', 'kunde-eins.example'],
    ['a part of an e-mail address', 'mueller'],
    ['a phone number', '+49-30-1234'],
    ['a company in words', 'Grünwald'],
    ['a job title', 'Geschäfts'],
    ['a city', 'łódz'],
    ['a tag', 'stammkunde'],
    ['words of several fields', 'jürgen łódź grünwald'],
  ])('finds a contact by %s', async (_by, words) => {
    await theContact;
    expect(await found('contacts', words)).toEqual([await theContact]);
  });

  let theContact: Promise<string>;
  beforeAll(async () => {
    theContact = newId(search.ask, 'contact', {
      givenName: 'Jürgen',
      familyName: 'Müller',
      emails: [{ value: 'j.mueller@kunde-eins.example' }],
      phones: [{ value: '+49 30 123456' }],
      companyName: 'Grünwald & Co. KG',
      jobTitle: 'Geschäftsführer',
      addresses: [{ city: 'Łódź' }],
      tags: ['Stammkunde'],
    });
    await theContact;
    await newId(search.ask, 'contact', {
      givenName: 'Jürg',
      familyName: 'Möller',
      emails: [{ value: 'jm@kunde-zwei.example' }],
    });
  });

  test('finds nobody by a word that is finished and is another’s beginning, nor by words of two people', async () => {
    expect(await found('contacts', 'Mülle jürgen')).toEqual([]);
    expect(await found('contacts', 'jürgen möller')).toEqual([]);
    expect(await found('contacts', 'absent')).toEqual([]);
  });

  test('finds companies by name, domain, sector, location and tag, and deals by title, product and tag', async () => {
    const company = await newId(search.ask, 'company', {
      name: 'Señor Café S.A.',
      domain: 'cafe.example',
      sector: 'Gastronomía',
      location: 'Málaga',
      tags: ['Proveedor'],
    });
    for (const words of ['senor', 'CAFÉ s', 'cafe.example', 'gastro', 'malaga', 'proveedor senor']) {
      expect([words, await found('companies', words)]).toEqual([words, [company]]);
    }
    const deal = await newId(search.ask, 'deal', {
      title: 'Renovação 2026',
      productText: 'Máquina X-100',
      tags: ['Urgente'],
    });
    for (const words of ['renovacao', 'renova', '2026', 'maquina x', 'urgente renovação']) {
      expect([words, await found('deals', words)]).toEqual([words, [deal]]);
    }
  });

  test('follows a record: old words no longer find it, nor any word once it is in the bin or erased', async () => {
    const id = await newId(search.ask, 'contact', { givenName: 'Oldname' });
    await mutate(search.ask, 'updateContact', { id, givenName: 'Newname' }, 'version');
    expect([await found('contacts', 'oldname'), await found('contacts', 'newname')]).toEqual([[], [id]]);
    await mutate(search.ask, 'deleteContact', { id }, 'version');
    expect(await found('contacts', 'newname')).toEqual([]);
    await mutate(search.ask, 'restoreContact', { id }, 'version');
    expect(await found('contacts', 'newname')).toEqual([id]);
    await mutate(search.ask, 'eraseContact', { id }, 'subjectId');
    expect(await found('contacts', 'newname')).toEqual([]);
  });

  test('asks for at least one word', async () => {
    expect(await search.refused('{ contacts(filter: { search: " -- " }) { totalCount } }')).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'filter.search',
    });
  });
});

describe('[P3.8] mayContactFor', () => {
  let may: Workspace;
  let ids: Record<
    'email' | 'phone' | 'optIn' | 'withdrawn' | 'analytics' | 'binned' | 'minor' | 'erased' | 'nobody',
    string
  >;

  const contact = (givenName: string, more: object = {}) => newId(may.ask, 'contact', { givenName, ...more });
  const consent = (contactId: string, purpose: string, channel: string, basis = 'CONSENT') =>
    mutate(may.ask, 'recordConsent', { contactId, purpose, channel, basis, noticeVersion: '1' }, 'consent { state }');

  beforeAll(async () => {
    may = await workspaceOf('Marketer');
    ids = {
      email: await contact('email'),
      phone: await contact('phone'),
      optIn: await contact('optIn'),
      withdrawn: await contact('withdrawn'),
      analytics: await contact('analytics'),
      binned: await contact('binned'),
      minor: await contact('minor', { birthDate: `${new Date().getUTCFullYear() - 9}-06-01` }),
      erased: await contact('erased'),
      nobody: await contact('nobody'),
    };
    for (const name of ['email', 'withdrawn', 'binned', 'minor', 'erased'] as const)
      await consent(ids[name], 'MARKETING', 'EMAIL');
    await consent(ids.phone, 'MARKETING', 'PHONE');
    await consent(ids.optIn, 'MARKETING', 'EMAIL', 'SOFT_OPT_IN');
    await consent(ids.analytics, 'ANALYTICS', 'EMAIL');
    const withdrawal = { contactId: ids.withdrawn, purpose: 'MARKETING', channel: 'EMAIL' };
    await mutate(may.ask, 'withdrawConsent', withdrawal, 'consent { state }');
    await mutate(may.ask, 'deleteContact', { id: ids.binned }, 'version');
    await mutate(may.ask, 'eraseContact', { id: ids.erased }, 'subjectId');
  });

  const reached = async (filter: object): Promise<string[]> => {
    const query = 'query ($filter: ContactFilter) { contacts(filter: $filter) { nodes { givenName } totalCount } }';
    const { nodes, totalCount } = (await may.ask(query, { filter })).contacts;
    expect(totalCount).toBe(nodes.length);
    return nodes.map(({ givenName }: { givenName: string }) => givenName);
  };

  test('gives only people with a live basis for the purpose, whatever the channel', async () => {
    expect(await reached({ mayContactFor: 'MARKETING' })).toEqual(['email', 'optIn', 'phone']);
    expect(await reached({ mayContactFor: 'ANALYTICS' })).toEqual(['analytics']);
    expect(await reached({ mayContactFor: 'PERSONALISATION' })).toEqual([]);
  });

  test('narrowed to a channel gives only people who may be reached on it', async () => {
    expect(await reached({ mayContactFor: 'MARKETING', channel: 'EMAIL' })).toEqual(['email', 'optIn']);
    expect(await reached({ mayContactFor: 'MARKETING', channel: 'PHONE' })).toEqual(['phone']);
    expect(await reached({ mayContactFor: 'MARKETING', channel: 'POST' })).toEqual([]);
  });

  test('goes together with a search; a channel without it is refused', async () => {
    expect(await reached({ mayContactFor: 'MARKETING', search: 'pho' })).toEqual(['phone']);
    expect(await may.refused('{ contacts(filter: { channel: EMAIL }) { totalCount } }')).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'filter.channel',
    });
  });

  test('[P11.1] a minor who consented is not among them, but is found as restricted', async () => {
    expect(await reached({ restricted: 'MINOR' })).toEqual(['minor']);
  });

  test('a person who comes back from the bin may be reached again', async () => {
    await mutate(may.ask, 'restoreContact', { id: ids.binned }, 'version');
    expect(await reached({ mayContactFor: 'MARKETING' })).toEqual(['binned', 'email', 'optIn', 'phone']);
  });

  test('withdrawing what was not given is refused, giving it twice changes nothing', async () => {
    const withdrawal = { contactId: ids.nobody, purpose: 'MARKETING', channel: 'SMS' };
    const { errors } = await attempt(server, may.caller, 'withdrawConsent', withdrawal);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONSENT_NOT_GIVEN', field: 'input.purpose' });
    const [once, twice] = [
      await consent(ids.email, 'MARKETING', 'EMAIL'),
      await consent(ids.email, 'MARKETING', 'EMAIL'),
    ];
    expect(twice).toEqual(once);
  });
});

describe('lists of deals', () => {
  let sales: Workspace;
  const DEALS = [
    { title: 'b', valueMinor: 900, closeDate: '2026-03-31', stage: 'won' },
    { title: 'A', valueMinor: 10_000, closeDate: '2026-01-01', stage: 'engaging' },
    { title: 'ä', valueMinor: -50, closeDate: '2026-02-28', stage: 'won' },
    { title: 'C', stage: 'lost' },
  ];
  beforeAll(async () => {
    sales = await workspaceOf('Seller');
    for (const deal of DEALS) await newId(sales.ask, 'deal', deal);
  });

  const titles = async (variables: object): Promise<string> => {
    const query = `query ($orderBy: [DealOrder!], $filter: DealFilter) {
      deals(orderBy: $orderBy, filter: $filter) { nodes { title } totalCount } }`;
    const { nodes, totalCount } = (await sales.ask(query, variables)).deals;
    expect(totalCount).toBe(nodes.length);
    return nodes.map(({ title }: { title: string }) => title).join(' ');
  };

  test.each([
    ['VALUE', 'ä C b A'],
    ['CLOSE_DATE', 'A ä b C'],
    ['CREATED_AT', 'b A ä C'],
  ])('stand in the order %s, either way', async (field, expected) => {
    expect(await titles({ orderBy: [{ field, direction: 'ASC' }] })).toBe(expected);
    const reverse = expected.split(' ').toReversed().join(' ');
    expect(await titles({ orderBy: [{ field, direction: 'DESC' }] })).toBe(reverse);
  });

  test('are filtered by stage, outcome and a range of closing dates', async () => {
    expect(await titles({ filter: { stage: 'won' } })).toBe('ä b');
    expect(await titles({ filter: { outcome: 'OPEN' } })).toBe('A');
    expect(await titles({ filter: { closingFrom: '2026-02-28', closingTo: '2026-03-31' } })).toBe('ä b');
    expect(await titles({ filter: { closingTo: '2026-02-27', outcome: 'OPEN' } })).toBe('A');
  });
});
