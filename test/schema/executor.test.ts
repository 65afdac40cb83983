import * as fc from 'fast-check';
import {
  type ExecutionResult,
  execute,
  getVariableValues,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { planned } from '../../schema/executor.js';
import { type GeneratedQuery, generatedQuery } from './generatedDocuments.js';
import { wideSchema } from './wideSchema.js';

const schema = wideSchema();

/** Runs a query in both ways. `undefined` where the document or its variables are refused before any execution. */
async function bothWays({ source, variables }: GeneratedQuery) {
  const document = parse(source);
  if (validate(schema, document).length > 0) return undefined;
  const operation = document.definitions[0] as OperationDefinitionNode;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (coerced === undefined) return undefined;
  const query = planned(schema, document, operation);
  const expected: ExecutionResult = await execute({ schema, document, variableValues: variables, contextValue: {} });
  return { expected, text: await query.run({}, coerced), again: await query.run({}, coerced) };
}

const text = async (source: string, variables: Record<string, unknown> = {}) =>
  (await bothWays({ source, variables }))?.text;

describe('a planned query', () => {
  test('answers every generated query byte for byte as graphql-js does, and declines exactly those that have errors', async () => {
    const seen = { valid: 0, clean: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (pick) => {
        const result = await bothWays(generatedQuery(schema, pick));
        if (result === undefined) return;
        seen.valid += 1;
        seen[result.expected.errors ? 'failed' : 'clean'] += 1;
        const expected = result.expected.errors ? undefined : JSON.stringify(result.expected);
        expect(result.text).toBe(expected);
        expect(result.again).toBe(expected);
      }),
      { numRuns: 300 },
    );
    console.log(seen);
    expect(seen.clean).toBeGreaterThan(50);
    expect(seen.failed).toBeGreaterThan(20);
  });
});
