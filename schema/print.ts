import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildCrmSchema } from './build.js';

/** The schema as it is committed in `schema.graphql`. */
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(buildCrmSchema()))}\n`;

/** `npm run schema` writes it anew. */
if (process.argv[1]?.endsWith('/schema/print.js')) writeFileSync('schema/schema.graphql', printedSchema());
