import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { CrmError } from '../src/errors.js';
import { defaultLimits } from './limits.js';

/** Rows on a page where the request does not say. */
export const DEFAULT_PAGE_SIZE = 50;

/** Longer than any cursor given out: sort keys are bounded. */
const MAX_CURSOR_CHARACTERS = 8_192;

/** Where a row stands in an order: what a cursor holds. */
export interface Cursor {
  readonly sort: string;
  readonly key: string;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, { description: `Rows on the page, ${defaultLimits.pageSize} at most.` })
  first: number = DEFAULT_PAGE_SIZE;

  @Field(() => String, { nullable: true, description: 'The cursor that the page shall follow.' })
  after?: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'What lies around a page.' })
export class PageInfo {
  @Field()
  hasNextPage!: boolean;

  @Field()
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true })
  startCursor?: string | null;

  @Field(() => String, { nullable: true })
  endCursor?: string | null;
}

export interface Edge<Node> {
  cursor: string;
  node: Node;
}

/** A page of a list as Relay has it, with the nodes once more without their cursors. */
export interface ConnectionShape<Node> {
  edges: Edge<Node>[];
  nodes: Node[];
  pageInfo: PageInfo;
  /** Counted only where it is selected. */
  totalCount?: number;
  totalCountIsExact?: boolean;
}

const connections = new WeakMap<object, ClassType<ConnectionShape<unknown>>>();

/**
 * The connection type of a node type, named after it: `ContactConnection` with its `ContactEdge` for `Contact`.
 * The same class every time. Source: Relay cursor connections specification.
 */
export function Connection<Node extends object>(nodeType: ClassType<Node>): ClassType<ConnectionShape<Node>> {
  const known = connections.get(nodeType);
  if (known !== undefined) return known as ClassType<ConnectionShape<Node>>;

  @ObjectType(`${nodeType.name}Edge`, { simpleResolvers: true })
  class NodeEdge implements Edge<Node> {
    @Field()
    cursor!: string;

    @Field(() => nodeType)
    node!: Node;
  }

  @ObjectType(`${nodeType.name}Connection`, { simpleResolvers: true })
  class NodeConnection implements ConnectionShape<Node> {
    @Field(() => [NodeEdge])
    edges!: NodeEdge[];

    @Field(() => [nodeType])
    nodes!: Node[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;

    @Field(() => Int, { description: 'How many there are in all; counted up to a bound.' })
    totalCount?: number;

    @Field(() => Boolean, { description: 'False where there are more than were counted.' })
    totalCountIsExact?: boolean;
  }

  connections.set(nodeType, NodeConnection);
  return NodeConnection;
}

/** Opaque to clients: base64url of the JSON of `[sort, key]`. */
export const encodeCursor = ({ sort, key }: Cursor): string =>
  Buffer.from(JSON.stringify([sort, key])).toString('base64url');

/** The reverse of `encodeCursor`. Error: BAD_CURSOR for anything that it did not make. */
export function decodeCursor(text: string): Cursor {
  const cursor = text.length > MAX_CURSOR_CHARACTERS ? undefined : parsed(text);
  if (cursor === undefined || encodeCursor(cursor) !== text) throw new CrmError('BAD_CURSOR', { field: 'after' });
  return cursor;
}

function parsed(text: string): Cursor | undefined {
  try {
    const [sort, key, ...more] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    const fits = typeof sort === 'string' && typeof key === 'string' && more.length === 0;
    return fits ? { sort, key } : undefined;
  } catch {
    return undefined;
  }
}
