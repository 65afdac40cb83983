import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** `npm run load -- --connections N --seconds S`: the load of the tests, for as many and as long as is wanted. */
const { values } = parseArgs({
  options: { connections: { type: 'string', default: '500' }, seconds: { type: 'string', default: '60' } },
});
const env = { ...process.env, LOAD_CONNECTIONS: values.connections, LOAD_SECONDS: values.seconds };
const { status } = spawnSync('npm', ['test', '--', 'test/load'], { env, stdio: 'inherit' });
process.exitCode = status ?? 1;
