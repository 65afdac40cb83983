import { readFileSync } from 'node:fs';
import { printedSchema } from '../../schema/print.js';

test('the committed schema is the one that the code makes; npm run schema writes it anew', () => {
  expect(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8')).toBe(printedSchema());
});
