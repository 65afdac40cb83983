import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** `npm run fuzz -- --requests N --seed S`: the fuzzer of the tests, with any number of requests. */
const { values } = parseArgs({ options: { requests: { type: 'string' }, seed: { type: 'string' } } });
const { requests, seed } = values;
const env = { ...process.env };
if (requests !== undefined) env.FUZZ_REQUESTS = requests;
env.FUZZ_SEED = seed ?? String(Math.floor(Math.random() * 2 ** 32));
const { status } = spawnSync('npm', ['test', '--', 'test/fuzz'], { env, stdio: 'inherit' });
process.exitCode = status ?? 1;
