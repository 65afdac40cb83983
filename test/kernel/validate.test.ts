import { z } from 'zod';
import { CrmError } from '../../src/errors.js';
import { validate } from '../../src/kernel/validate.js';

const contact = z.strictObject({
  name: z.string().trim().min(1).max(5),
  emails: z
    .array(z.strictObject({ value: z.email() }))
    .max(2)
    .optional(),
  stage: z.enum(['lead', 'customer']).nullish(),
  age: z.int().min(0).default(7),
  labels: z.record(z.string(), z.string().max(3)).optional(),
  either: z.union([z.object({ a: z.string() }), z.number()]).optional(),
  code: z
    .string()
    .refine((text) => text !== 'Grace', 'Another code is expected.')
    .optional(),
});

function refusal(input: unknown) {
  try {
    validate(input, contact, 'input');
  } catch (error) {
    return error instanceof CrmError ? [error.code, error.details.field, error.message] : error;
  }
  return undefined;
}

test('what fits comes back as the schema makes it', () => {
  expect(validate({ name: ' Ada ', stage: null }, contact, 'input')).toEqual({ name: 'Ada', stage: null, age: 7 });
});

test.each<[object, string, string]>([
  [{ name: 5 }, 'input.name', 'A value of type string is expected.'],
  [{}, 'input.name', 'A value of type string is expected.'],
  [{ name: '' }, 'input.name', 'Give at least 1 character.'],
  [{ name: 'Grace Hopper' }, 'input.name', 'Give at most 5 characters.'],
  [
    { name: 'x', emails: [{ value: 'a@b.example' }, { value: 'Grace' }] },
    'input.emails.1.value',
    'A value in the format email is expected.',
  ],
  [{ name: 'x', emails: [1, 2, 3].map(() => ({ value: 'a@b.example' })) }, 'input.emails', 'Give at most 2 items.'],
  [{ name: 'x', stage: 'Grace' }, 'input.stage', 'One of lead, customer is expected.'],
  [{ name: 'x', age: -1 }, 'input.age', 'Give at least 0.'],
  [{ name: 'x', surname: 'Grace' }, 'input', 'There is a field that is not known here.'],
  [{ name: 'x', labels: { Grace: 'Hopper' } }, 'input.labels.*', 'Give at most 3 characters.'],
  [{ name: 'x', either: 'Grace' }, 'input.either', 'The value does not have the form that is asked for.'],
  [{ name: 'x', code: 'Grace' }, 'input.code', 'Another code is expected.'],
])('%j is refused at %s, without what was entered', (input, field, sentence) => {
  expect(refusal(input)).toEqual(['BAD_USER_INPUT', field, sentence]);
});
