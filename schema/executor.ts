import { type DocumentNode, type GraphQLSchema, Kind, type OperationDefinitionNode, visit } from 'graphql';
import { fragmentsOf } from './fragments.js';
import { type Plan, planQuery } from './plan.js';
import { spliced, type Text } from './rope.js';
import { Run } from './run.js';

/** A validated query that can be run again and again. */
export interface PlannedQuery {
  /**
   * Runs the query and gives `{"data":…}`, byte for byte what `JSON.stringify` makes of graphql-js's result, or nothing
   * when anything at all went wrong: then graphql-js must run it, whose errors are the ones to answer with.
   * `variables` are coerced. Never throws, never rejects.
   */
  run(context: unknown, variables: Record<string, unknown>): string | undefined | Promise<string | undefined>;
}

/** Plans differ where `@skip` or `@include` hang on variables; past this many for one query, older ones are forgotten. */
const plansPerQuery = 16;

/** `document` must be valid against `schema`, and `operation` one of its queries. Planning itself waits for the first run. */
export function planned(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): PlannedQuery {
  const fragments = fragmentsOf(document);
  const conditions = conditionVariables(document);
  const plans = new Map<string, Plan>();
  const planFor = (variables: Record<string, unknown>): Plan => {
    const key = conditions.map((name) => String(variables[name])).join();
    const known = plans.get(key);
    if (known !== undefined) return known;
    if (plans.size >= plansPerQuery) plans.clear();
    const plan = planQuery({ schema, operation, fragments, variables: only(conditions, variables) });
    plans.set(key, plan);
    return plan;
  };
  return {
    run(context, variables) {
      const run = new Run(context, variables);
      let text: Text;
      try {
        text = planFor(variables)(run);
      } catch {
        run.over = true;
        return undefined;
      }
      const answer = () => (run.over ? undefined : `{"data":${spliced(text)}}`);
      if (run.pending === 0 || run.over) return answer();
      return new Promise((resolve) => {
        run.settled = () => resolve(answer());
      });
    },
  };
}

function conditionVariables(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive: (directive) => {
      for (const { value } of directive.arguments ?? []) {
        if (value.kind === Kind.VARIABLE) names.add(value.name.value);
      }
    },
  });
  return [...names];
}

function only(names: readonly string[], variables: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = Object.create(null);
  for (const name of names) if (Object.hasOwn(variables, name)) kept[name] = variables[name];
  return kept;
}
