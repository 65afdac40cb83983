import * as fc from 'fast-check';
import {
  buildSchema,
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

/** What a planned query answers, once graphql-js has been found to say the same. */
async function answer(source: string, variables: Record<string, unknown> = {}) {
  const { text, expected } = (await bothWays({ source, variables }))!;
  expect(text).toBe(JSON.stringify(expected));
  return JSON.parse(text!).data;
}

/** The arguments that the resolver of `echo` was given. */
async function given(args: string, declared = '', variables: Record<string, unknown> = {}) {
  const { echo } = await answer(`query ${declared} { echo${args} }`, variables);
  const defaults = { int: 7, hard: 1, color: 'BLUE', when: '2026-01-02T03:04:05.678Z' };
  const all = Object.fromEntries(JSON.parse(echo)[0]);
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => value !== defaults[name as keyof typeof defaults]),
  );
}

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
    expect(seen.clean).toBeGreaterThan(50);
    expect(seen.failed).toBeGreaterThan(20);
  });

  // What graphql-jit 0.8.9 gets wrong, and what else an executor can.
  test('gives an omitted variable its default', async () => {
    expect(await given('(int: $n)', '($n: Int! = 5)')).toEqual({ int: 5 });
    expect(await given('(int: $n)', '($n: Int)')).toEqual({});
    expect(await given('(int: $n)', '($n: Int)', { n: null })).toEqual({ int: null });
  });

  test('leaves out of an input literal what an omitted variable would have said', async () => {
    const declared = '($name: String, $min: Int)';
    const args = '(input: { name: $name, min: $min, colors: RED })';
    expect(await given(args, declared)).toEqual({
      input: [
        ['name', 'anyone'],
        ['colors', [1]],
      ],
    });
    expect(await given(args, declared, { min: null })).toEqual({
      input: [
        ['name', 'anyone'],
        ['min', null],
        ['colors', [1]],
      ],
    });
  });

  test('gives enums and scalars as their inner values, from variables and from literals', async () => {
    const args = '(color: GREEN, colors: $colors, when: $when)';
    const when = '2026-01-01T00:00:00.000Z';
    expect(await given(args, '($colors: [Color], $when: When)', { colors: 'RED', when })).toEqual({
      color: [['green', true]],
      colors: [1],
      when: { date: Date.parse(when) },
    });
  });

  test('takes text for text, whatever a code generator might make of it', async () => {
    const text = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d0);globalThis.pwned=1;(0';
    expect(await given(`(text: ${JSON.stringify(text)})`)).toEqual({ text });
    expect(globalThis).not.toHaveProperty('pwned');
    expect(await answer('{ __proto__: robot { constructor: id } }')).toEqual(
      JSON.parse('{"__proto__":{"constructor":"r4"}}'),
    );
  });

  test('finds the type of an object of a union or interface, however long that takes', async () => {
    const found = await answer(
      '{ nodes { __typename ... on Named { name } ... on Robot { serial } } anything { __typename } }',
    );
    expect(found.nodes.slice(0, 3)).toEqual([
      { __typename: 'Person', name: '' },
      { __typename: 'Company', name: 'Acme 1' },
      { __typename: 'Robot', serial: null },
    ]);
    expect(found.anything.map(({ __typename }: { __typename: string }) => __typename)).toEqual([
      'Person',
      'Company',
      'Robot',
      'Company',
    ]);
  });

  test('skips and includes by variables, each time anew', async () => {
    const source = `query ($a: Boolean!, $b: Boolean = true) {
      robot { id @skip(if: $a) ...F @include(if: $b) } } fragment F on Robot { serial @skip(if: $a) twin { ...G } }
      fragment G on Robot { id @include(if: $a) }`;
    const document = parse(source);
    const query = planned(schema, document, document.definitions[0] as OperationDefinitionNode);
    for (const [a, b] of [
      [true, true],
      [false, true],
      [true, false],
      [false, false],
      [true, true],
    ]) {
      const expected = await execute({ schema, document, variableValues: { a, b } });
      expect(await query.run({}, { a, b })).toBe(JSON.stringify(expected));
    }
  });

  test('declines, and neither throws nor rejects, when a property or a type cannot be told', async () => {
    const broken = buildSchema('type Query { now: Part later: Part list: [Part] } type Part { id: ID size: Int }');
    const part = {
      get id() {
        throw new Error('no');
      },
    };
    const fields = broken.getQueryType()!.getFields();
    fields.now!.resolve = () => part;
    fields.later!.resolve = () => new Promise((resolve) => setImmediate(resolve, part));
    fields.list!.resolve = () => [Promise.resolve(part), Promise.reject(new Error('too')), 'text'];
    for (const source of ['{ now { id } }', '{ later { id } }', '{ list { id } }', '{ list { size } later { id } }']) {
      const document = parse(source);
      expect(
        await planned(broken, document, document.definitions[0] as OperationDefinitionNode).run({}, {}),
      ).toBeUndefined();
    }
    await new Promise(setImmediate);
  });
});
