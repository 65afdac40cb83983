import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { getFieldDef } from 'graphql/execution/execute.js';
import { CrmError } from '../src/errors.js';
import { type Fragments, fragmentsOf } from './fragments.js';

/** What one request may ask for. Every limit answers with a code of its own when it is passed. */
export interface Limits {
  /** Levels of fields, `{ a { b } }` being two. Error: QUERY_TOO_DEEP. Introspection is bounded by graphql-js instead. */
  readonly depth: number;
  /** Fields to answer, those of a list once per row asked for. Error: QUERY_TOO_COSTLY. */
  readonly cost: number;
  /** Error: TOO_MANY_ALIASES. */
  readonly aliases: number;
  /** Error: TOO_MANY_DIRECTIVES. */
  readonly directives: number;
  /** Words and signs of the document, and its characters. Error: QUERY_TOO_LONG. */
  readonly tokens: number;
  readonly documentCharacters: number;
  /** Rows on a page: any `first` or `last`. Error: PAGE_TOO_LARGE. */
  readonly pageSize: number;
  /** Error: BODY_TOO_LARGE. */
  readonly bodyBytes: number;
  /** The same for whoever is not signed in: they have no file to import. */
  readonly anonymousBodyBytes: number;
  /** From when a request is read to its answer. Error: REQUEST_TIMEOUT. */
  readonly requestTimeoutMs: number;
  /** Requests that are being answered at once, in the whole server. Error: OVERLOADED. */
  readonly requestsUnderWay: number;
  /** WebSockets open at once, in the whole server; the next is refused with status 503. */
  readonly sockets: number;
  /** Error: TOO_MANY_SUBSCRIPTIONS. */
  readonly subscriptionsPerSocket: number;
  /** A larger message closes the socket (1009). A subscription is a document and variables, never a file. */
  readonly socketMessageBytes: number;
}

/** A full page of 200 contacts with 45 fields each costs 9,000: the largest thing a list view shows. */
export const defaultLimits: Limits = {
  depth: 12,
  cost: 10_000,
  aliases: 30,
  directives: 50,
  tokens: 2_000,
  documentCharacters: 100_000,
  pageSize: 200,
  bodyBytes: 8 * 1024 * 1024,
  anonymousBodyBytes: 256 * 1024,
  requestTimeoutMs: 15_000,
  requestsUnderWay: 1_000,
  sockets: 1_000,
  subscriptionsPerSocket: 20,
  socketMessageBytes: 256 * 1024,
};

/** Rows counted for a list whose page size neither the document nor the schema says. */
const ASSUMED_ROWS = 50;
/** What one field of `__schema` or `__type` counts: it is answered for many types. */
const INTROSPECTION_ROWS = 20;

/** What an operation costs: `own`, plus each part once per row of its page. Parts are shared between uses of a fragment. */
export interface Cost {
  readonly own: number;
  readonly parts: readonly { readonly page: Page; readonly cost: Cost }[];
}
/** Rows as the document has them, unless the variable says otherwise. */
interface Page {
  readonly rows: number;
  readonly variable?: string;
}
interface Measure {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly cost: Cost;
}
interface Measuring {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly fragments: Fragments;
  /** Each fragment is measured once, however often it is spread. */
  readonly known: Map<string, Measure>;
}

const NOTHING: Measure = { depth: 0, aliases: 0, directives: 0, cost: { own: 0, parts: [] } };

/**
 * Checks what an operation of a validated document asks for, whatever its variables, and gives its cost for `checkCost`.
 * Errors: QUERY_TOO_DEEP, TOO_MANY_ALIASES, TOO_MANY_DIRECTIVES, PAGE_TOO_LARGE, BAD_USER_INPUT for a page of fewer than no rows.
 */
export function checkShape(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: Limits,
): Cost {
  const root = schema.getRootType(operation.operation)!;
  const measuring = { schema, limits, fragments: fragmentsOf(document), known: new Map() };
  const { depth, aliases, directives, cost } = measure(measuring, operation.selectionSet, root);
  if (depth > limits.depth) throw new CrmError('QUERY_TOO_DEEP', { limit: limits.depth, actual: depth });
  if (aliases > limits.aliases) throw new CrmError('TOO_MANY_ALIASES', { limit: limits.aliases, actual: aliases });
  if (directives > limits.directives) {
    throw new CrmError('TOO_MANY_DIRECTIVES', { limit: limits.directives, actual: directives });
  }
  return cost;
}

/**
 * Checks what hangs on the variables (coerced), at every request, and gives what the operation costs. Errors:
 * QUERY_TOO_COSTLY, whose `actual` is a lower bound where a document is made to be endless; PAGE_TOO_LARGE, BAD_USER_INPUT.
 */
export function checkCost(cost: Cost, variables: Readonly<Record<string, unknown>>, limits: Limits): number {
  let total = 0;
  let steps = 0;
  const add = ({ own, parts }: Cost, times: number): void => {
    total += own * times;
    steps += 1;
    if (steps > limits.cost) throw new CrmError('QUERY_TOO_COSTLY', { limit: limits.cost, actual: total });
    for (const { page, cost: inner } of parts) add(inner, times * Math.max(1, rowsOf(page, variables, limits)));
  };
  add(cost, 1);
  if (total > limits.cost) throw new CrmError('QUERY_TOO_COSTLY', { limit: limits.cost, actual: total });
  return total;
}

function rowsOf(page: Page, variables: Readonly<Record<string, unknown>>, limits: Limits): number {
  const asked = page.variable === undefined ? undefined : variables[page.variable];
  return typeof asked === 'number' ? checkedRows(asked, limits) : page.rows;
}

function checkedRows(rows: number, limits: Limits): number {
  if (rows > limits.pageSize) throw new CrmError('PAGE_TOO_LARGE', { limit: limits.pageSize, actual: rows });
  if (rows < 0) throw new CrmError('BAD_USER_INPUT', { field: 'first', reason: 'A page has no fewer than 0 rows.' });
  return rows;
}

function measure(measuring: Measuring, { selections }: SelectionSetNode, parent: GraphQLCompositeType): Measure {
  const measures = selections.map((selection) => {
    if (selection.kind === Kind.FIELD) return measureField(measuring, selection, parent);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return measureFragment(measuring, selection.name.value);
    return measure(
      measuring,
      selection.selectionSet,
      conditionType(measuring, selection.typeCondition?.name.value) ?? parent,
    );
  });
  const own = selections.reduce((sum, { directives = [] }) => sum + directives.length, 0);
  return {
    depth: Math.max(0, ...measures.map(({ depth }) => depth)),
    aliases: measures.reduce((sum, { aliases }) => sum + aliases, 0),
    directives: measures.reduce((sum, { directives }) => sum + directives, own),
    cost: sumOf(measures.map(({ cost }) => ({ page: { rows: 1 }, cost }))),
  };
}

function measureField(measuring: Measuring, node: FieldNode, parent: GraphQLCompositeType): Measure {
  const definition = getFieldDef(measuring.schema, parent as never, node);
  const type = definition && getNamedType(definition.type);
  const inner = node.selectionSet && isCompositeType(type) ? measure(measuring, node.selectionSet, type) : NOTHING;
  const introspects = type?.name.startsWith('__') ?? false;
  const pages =
    introspects && !parent.name.startsWith('__')
      ? [{ rows: INTROSPECTION_ROWS }]
      : pagesOf(measuring, node, definition);
  const { own, parts } = pages.reduce((cost, page) => sumOf([{ page, cost }]), inner.cost);
  return {
    depth: introspects ? 1 : 1 + inner.depth,
    aliases: inner.aliases + (node.alias === undefined ? 0 : 1),
    directives: inner.directives,
    cost: { own: own + ownCost(definition), parts },
  };
}

/** A field costs 1, unless its author says that it costs more (`Cost`). */
const ownCost = (definition: GraphQLField<unknown, unknown> | undefined | null): number =>
  typeof definition?.extensions.cost === 'number' ? definition.extensions.cost : 1;

function measureFragment(measuring: Measuring, name: string): Measure {
  const { fragments, known } = measuring;
  const before = known.get(name);
  if (before !== undefined) return before;
  known.set(name, NOTHING); // what a cycle would meet; validation has refused those
  const fragment = fragments[name];
  const type = conditionType(measuring, fragment?.typeCondition.name.value);
  const measured = fragment && type ? measure(measuring, fragment.selectionSet, type) : NOTHING;
  known.set(name, measured);
  return measured;
}

function conditionType({ schema }: Measuring, name: string | undefined): GraphQLCompositeType | undefined {
  const type = name === undefined ? undefined : schema.getType(name);
  return isCompositeType(type) ? type : undefined;
}

/** Adds up what is the same for all variables and keeps the rest as parts. */
function sumOf(parts: Cost['parts']): Cost {
  const fixed = parts.filter(({ page, cost }) => page.variable === undefined && cost.parts.length === 0);
  const open = parts.filter((part) => !fixed.includes(part));
  return { own: fixed.reduce((sum, { page, cost }) => sum + Math.max(1, page.rows) * cost.own, 0), parts: open };
}

/** How many rows the field's selection is answered for: its `first` and `last`, where it has them. */
function pagesOf(
  { limits }: Measuring,
  node: FieldNode,
  definition: GraphQLField<unknown, unknown> | undefined | null,
): Page[] {
  const argument = definition?.args.find(({ name }) => name === 'first' || name === 'last');
  if (argument === undefined) return [];
  const rows = typeof argument.defaultValue === 'number' ? argument.defaultValue : ASSUMED_ROWS;
  const given = (node.arguments ?? []).filter(({ name }) => name.value === 'first' || name.value === 'last');
  const pages = given.map(({ value }): Page => {
    if (value.kind === Kind.INT) return { rows: checkedRows(Number(value.value), limits) };
    return value.kind === Kind.VARIABLE ? { rows, variable: value.name.value } : { rows };
  });
  return pages.length === 0 ? [{ rows }] : pages;
}
