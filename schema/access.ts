import {
  defaultFieldResolver,
  defaultTypeResolver,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
} from 'graphql';
import { Extensions } from 'type-graphql';
import { CrmError } from '../src/errors.js';
import type { Permission } from '../src/identity/access/roles.js';

/** `public`: anybody. `signed-in`: anybody with an account. Otherwise what the context's `can` decides, e.g. `contact:read`. */
export type Allowed = 'public' | 'signed-in' | Permission;

/** What enforcement asks of a request's context. */
export interface AccessContext {
  readonly isSignedIn: boolean;
  can(permission: Allowed): boolean;
}

/**
 * States who may use a query, mutation, subscription or field, or, on an object type, who may be handed objects of it.
 * A field resolver without its own takes its type's. Plain property fields need none: whoever holds the object may read it.
 */
export const Allow = (permission: Allowed) => Extensions({ allow: permission });

/** What the author of a type or field has said of it. */
export const allowed = ({ extensions }: { extensions: Readonly<Record<string, unknown>> }): Allowed | undefined =>
  extensions.allow as Allowed | undefined;

/** A schema as it may be served: every field says who may use it, and that is enforced. */
export function guarded(schema: GraphQLSchema): GraphQLSchema {
  assertEveryFieldAllowed(schema);
  enforceAccess(schema);
  return schema;
}

/**
 * Throws naming every field, as `Type.field`, whose author has not said who may use it: root fields, and fields with a
 * resolver on a type that does not say it for them. To be called before `enforceAccess`, which adds resolvers.
 */
export function assertEveryFieldAllowed(schema: GraphQLSchema): void {
  const roots = rootTypes(schema);
  const silent = objectTypes(schema).flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => roots.has(type) || (field.resolve !== undefined && allowed(type) === undefined))
      .filter((field) => allowed(field) === undefined)
      .map((field) => `${type.name}.${field.name}`),
  );
  if (silent.length === 0) return;
  throw new Error(`Say with @Allow who may use: ${silent.join(', ')} (plain types: simpleResolvers).`);
}

/**
 * Puts the stated permissions into the schema's resolvers, in place. A field is wrapped only where it has something to
 * check: its own permission, or that of the type it returns. Errors: UNAUTHENTICATED without an account, else FORBIDDEN.
 */
export function enforceAccess(schema: GraphQLSchema): void {
  for (const type of objectTypes(schema)) {
    for (const field of Object.values(type.getFields())) guard(field, needed(type, field));
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type)) guardAbstract(schema, type);
  }
}

const objectTypes = (schema: GraphQLSchema): GraphQLObjectType[] =>
  Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !type.name.startsWith('__'),
  ) as GraphQLObjectType[];

const rootTypes = (schema: GraphQLSchema): Set<GraphQLObjectType | null | undefined> =>
  new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);

/** What is to be checked at a field; what its own object was handed out under has been checked already. */
export function needed(parent: GraphQLObjectType, field: GraphQLField<unknown, unknown>): Allowed[] {
  const returned = getNamedType(field.type);
  const own = [allowed(field), isObjectType(returned) ? allowed(returned) : undefined];
  const inherited = allowed(parent);
  const asked = own.filter((each) => each !== undefined && each !== 'public' && each !== inherited);
  return [...new Set(asked as Allowed[])];
}

function guard(field: GraphQLField<unknown, AccessContext>, permissions: readonly Allowed[]): void {
  if (permissions.length === 0) return;
  const { resolve = defaultFieldResolver, subscribe } = field;
  field.resolve = (source, args, context, info) => {
    permit(context, permissions);
    return resolve(source, args, context, info);
  };
  if (subscribe === undefined) return;
  field.subscribe = (source, args, context, info) => {
    permit(context, permissions);
    return subscribe(source, args, context, info);
  };
}

/** Of a union or interface, who may have an object is known only when its type is. */
function guardAbstract(schema: GraphQLSchema, type: GraphQLAbstractType): void {
  const permissionOf = new Map(schema.getPossibleTypes(type).map((each) => [each.name, allowed(each)]));
  const resolveType = type.resolveType ?? defaultTypeResolver;
  if ([...permissionOf.values()].every((permission) => permission === undefined || permission === 'public')) return;
  const permitted = (context: AccessContext, name: string | undefined) => {
    const permission = name === undefined ? undefined : permissionOf.get(name);
    if (permission !== undefined && permission !== 'public') permit(context, [permission]);
    return name;
  };
  type.resolveType = (value, context: AccessContext, info, abstractType) => {
    const name = resolveType(value, context, info, abstractType) as string | undefined | Promise<string | undefined>;
    return name instanceof Promise ? name.then((each) => permitted(context, each)) : permitted(context, name);
  };
}

function permit(context: AccessContext, permissions: readonly Allowed[]): void {
  for (const permission of permissions) {
    const may = permission === 'signed-in' ? context.isSignedIn : context.can(permission);
    if (!may) throw new CrmError(context.isSignedIn ? 'FORBIDDEN' : 'UNAUTHENTICATED');
  }
}
