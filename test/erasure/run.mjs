import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** `npm run test:erasure`: the whole proof, mutants among it; with `-- --mutants` they alone, each with what caught it. */
const { values } = parseArgs({ options: { mutants: { type: 'boolean', default: false } } });
const files = values.mutants ? ['--verbose', 'test/erasure/mutants.test.ts'] : ['test/erasure'];
const { status } = spawnSync('npm', ['test', '--', ...files], { stdio: 'inherit' });
process.exitCode = status ?? 1;
