import { type Answer, type asking, type Caller, type TestServer } from './server.js';

export type Asking = ReturnType<typeof asking>;

const inputTypeOf = (name: string): string => {
  if (/^(delete|restore)/.test(name)) return 'RecordInput';
  if (/^(anonymise|erase)/.test(name)) return 'ErasureInput';
  if (/^(approve|callOff)Erasure$/.test(name)) return 'ErasureIdInput';
  return `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
};

/** The document of a mutation that takes its one input as the variable `$input`. */
export const mutation = (name: string, answer: string): string =>
  `mutation ($input: ${inputTypeOf(name)}!) { ${name}(input: $input) { ${answer} } }`;

/** Carries out a mutation that is expected to succeed; answers with its payload. */
export const mutate = async (ask: Asking, name: string, input: object, answer: string) =>
  (await ask(mutation(name, answer), { input }))[name];

/** Carries out a mutation, whatever comes of it. */
export const attempt = (
  server: Pick<TestServer, 'ask'>,
  caller: Caller,
  name: string,
  input: object,
  answer = '__typename',
): Promise<Answer> => server.ask(mutation(name, answer), { input }, caller);

/** The id of a new record of a kind: `contact`, `company`, `product`, `deal`, `client`. */
export const newId = async (ask: Asking, kind: string, input: object): Promise<string> => {
  const verb = kind === 'client' ? 'add' : 'create';
  const name = `${verb}${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  return (await mutate(ask, name, input, `${kind} { id }`))[kind].id;
};

/** Everything that a contact shows. */
export const CONTACT_PARTS = `id subjectId version createdAt updatedAt deletedAt externalId displayName prefix givenName
  additionalNames familyName suffix nickname emails { value label } phones { value label }
  addresses { label poBox extended street city region postalCode country } companyName department jobTitle birthDate
  links { value label } tags notes customFields { name value } privacyState restrictionReason anonymisedAt
  company { id name } client { id name } consents { purpose channel state since basis noticeVersion }`;

/** Everything that a deal shows. */
export const DEAL_PARTS = `id version createdAt updatedAt deletedAt externalId title stage outcome valueMinor currency
  engageDate closeDate productText tags notes customFields { name value } stageHistory { stage outcome since }
  company { id } contact { id displayName } product { id } owner { id } pipeline { id }`;

export const COMPANY_PARTS = `id version createdAt updatedAt deletedAt externalId name domain sector location tags notes
  customFields { name value } yearEstablished employees revenueMinor subsidiaryOf { id }`;

export const PRODUCT_PARTS = 'id version createdAt updatedAt deletedAt externalId name series priceMinor currency';

const HISTORY = `query ($filter: HistoryFilter, $first: Int!, $after: String) {
  eventHistory(filter: $filter, first: $first, after: $after) {
    nodes { id type entityId subjectId controllerId recordedAt actor { id } revision position commandId
      fields { name value personal erased } } pageInfo { hasNextPage endCursor } } }`;

/** Everything that happened in the caller's workspace and meets the filter, the oldest first. */
export const historyOf = async (ask: Asking, filter: object = {}, first = 200) => {
  const events = [];
  for (let after: string | null = null; ; ) {
    const { eventHistory } = await ask(HISTORY, { filter, first, after });
    events.push(...eventHistory.nodes);
    if (!eventHistory.pageInfo.hasNextPage) return events;
    after = eventHistory.pageInfo.endCursor;
  }
};

/** The types of what happened, in their order. */
export const typesOf = (events: readonly { readonly type: string }[]): string[] => events.map(({ type }) => type);
