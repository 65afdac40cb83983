import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql';

/** Whether a request selects the field at the end of a path below the current one, through whatever fragments. */
export const selects = (info: GraphQLResolveInfo, ...path: readonly string[]): boolean =>
  info.fieldNodes.some(({ selectionSet }) => within(selectionSet, path, info));

const within = (set: SelectionSetNode | undefined, path: readonly string[], info: GraphQLResolveInfo): boolean => {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  return (set?.selections ?? []).some((selection) => {
    if (selection.kind === 'Field') return selection.name.value === name && within(selection.selectionSet, rest, info);
    if (selection.kind === 'InlineFragment') return within(selection.selectionSet, path, info);
    return within(info.fragments[selection.name.value]?.selectionSet, path, info);
  });
};

/** Whether a request for a connection selects what has to be counted for it. */
export const selectsCount = (info: GraphQLResolveInfo): boolean =>
  selects(info, 'totalCount') || selects(info, 'totalCountIsExact');
