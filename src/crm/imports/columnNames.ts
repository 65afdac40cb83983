/** What a CSV can be a list of. */
export type ImportKind = 'contact' | 'company' | 'deal' | 'product' | 'agent';

/** The names that a field goes by, normalised: `sure` ones mean nothing else, `likely` ones often do, `last` ones may. */
export interface FieldNames {
  readonly sure: readonly string[];
  readonly likely?: readonly string[];
  readonly last?: readonly string[];
}

type Names = Readonly<Record<string, FieldNames>>;

const dealNames: Names = {
  externalId: { sure: ['opportunity id', 'deal id', 'external id', 'record id'], likely: ['id', 'reference'] },
  title: { sure: ['deal name', 'opportunity name', 'deal title'], likely: ['title', 'name', 'deal', 'opportunity'] },
  owner: {
    sure: ['sales agent', 'deal owner', 'opportunity owner', 'sales rep', 'sales representative', 'salesperson'],
    likely: ['owner', 'agent', 'assigned to', 'account manager', 'responsible'],
  },
  product: { sure: ['product', 'product name'], likely: ['item'] },
  company: {
    sure: ['account', 'account name', 'company', 'company name'],
    likely: ['customer', 'client', 'organisation', 'organization', 'organization name'],
  },
  stage: { sure: ['deal stage', 'stage', 'pipeline stage', 'sales stage'], likely: ['status', 'phase', 'stage name'] },
  engageDate: {
    sure: ['engage date', 'engagement date'],
    likely: ['start date', 'open date', 'opened', 'created date', 'create date', 'created'],
  },
  closeDate: {
    sure: ['close date', 'closing date', 'closed date', 'expected close date'],
    likely: ['closed', 'won date', 'end date'],
  },
  value: { sure: ['close value', 'deal value', 'opportunity value'], likely: ['value', 'amount', 'deal amount'] },
};

const companyNames: Names = {
  name: {
    sure: ['account', 'account name', 'company', 'company name', 'organisation name', 'organization name'],
    likely: ['name', 'organisation', 'organization', 'client', 'customer'],
  },
  sector: { sure: ['sector', 'industry'], likely: ['branch'] },
  yearEstablished: { sure: ['year established', 'year founded', 'founded'], likely: ['established', 'since'] },
  revenue: { sure: ['revenue', 'annual revenue'], likely: ['turnover', 'sales'] },
  employees: { sure: ['employees', 'number of employees', 'employee count', 'headcount'], likely: ['size', 'staff'] },
  location: { sure: ['office location', 'location'], likely: ['country', 'headquarters', 'country region'] },
  subsidiaryOf: { sure: ['subsidiary of', 'parent account', 'parent company'], likely: ['parent', 'group'] },
};

const productNames: Names = {
  name: { sure: ['product', 'product name'], likely: ['name', 'item', 'title'] },
  series: { sure: ['series', 'product series', 'product line', 'product family'], likely: ['category', 'family'] },
  price: { sure: ['sales price', 'price', 'list price', 'unit price'], likely: ['amount', 'value'] },
};

const agentNames: Names = {
  name: { sure: ['sales agent', 'agent', 'agent name', 'sales rep'], likely: ['name', 'salesperson', 'full name'] },
  manager: { sure: ['manager', 'manager name', 'sales manager'], likely: ['supervisor', 'team lead'] },
  office: { sure: ['regional office', 'office'], likely: ['region', 'location', 'team'] },
};

/** The fields of a contact that stand once. Google's and Outlook's exports are among the sure ones. */
const contactNames: Names = {
  externalId: { sure: ['external id', 'contact id', 'record id'], likely: ['id', 'uid'] },
  prefix: { sure: ['name prefix', 'prefix', 'salutation', 'honorific'], last: ['title'] },
  givenName: { sure: ['first name', 'given name', 'forename', 'firstname'], likely: ['first'] },
  additionalNames: { sure: ['middle name', 'additional name', 'additional names', 'middle names'], likely: ['middle'] },
  familyName: { sure: ['last name', 'family name', 'surname', 'lastname'], likely: ['last'] },
  suffix: { sure: ['name suffix', 'suffix'] },
  formattedName: {
    sure: ['full name', 'display name', 'formatted name', 'fullname'],
    likely: ['name', 'contact name', 'contact', 'person'],
    last: ['file as'],
  },
  nickname: { sure: ['nickname', 'nick name'] },
  companyName: {
    sure: ['company', 'company name', 'organization name', 'organization 1 name', 'organisation'],
    likely: ['organization', 'account', 'account name', 'employer', 'client'],
  },
  department: { sure: ['department', 'organization department', 'organization 1 department'] },
  jobTitle: {
    sure: ['job title', 'organization title', 'organization 1 title'],
    likely: ['title', 'position', 'role'],
    last: ['occupation', 'profession'],
  },
  birthDate: { sure: ['birthday', 'birth date', 'date of birth', 'birthdate'], likely: ['born', 'dob'] },
  notes: { sure: ['notes', 'note'], likely: ['comments', 'comment', 'description', 'remarks'] },
  tags: { sure: ['labels', 'group membership', 'categories', 'tags'], likely: ['keywords', 'groups', 'category'] },
};

export const fieldNames: Readonly<Record<ImportKind, Names>> = {
  contact: contactNames,
  company: companyNames,
  deal: dealNames,
  product: productNames,
  agent: agentNames,
};

/** What a list makes no sense without: one of these columns. The first stands for all when a file has none. */
export const requiredFields: Readonly<Record<ImportKind, readonly string[]>> = {
  contact: ['formattedName', 'givenName', 'familyName', 'emails', 'phones', 'companyName'],
  company: ['name'],
  deal: ['stage'],
  product: ['name'],
  agent: ['name'],
};

/** The words of a column's name: `E-mail 1 - Value`, `given_name` and `officeLocation` alike. */
export const normaliseColumnName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/['’`]s\b|['’`]/g, '')
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
