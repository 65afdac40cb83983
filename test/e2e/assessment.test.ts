import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCli, signUp, startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
/** No registry answers there: the test is of this machine alone. */
const UNREACHABLE = { npm_config_registry: 'http://127.0.0.1:9/' };

test('[P5.2] a running installation is assessed without stopping it, and the dated result is in its history', async () => {
  const server = await startServer(directory.path(), UNREACHABLE);
  const socket = join(directory.path(), 'data', 'control.sock');
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const { output, code } = await runCli(directory.path(), ['assess'], UNREACHABLE);
  await server.stop();
  expect(output).toMatch(/^met +master-key-mode: /m);
  expect(output).toMatch(/^met +transport: /m);
  expect(output).toMatch(/^unknown +advisories: /m);
  expect(code).toBe(/^UNMET/m.test(output) ? 1 : 0);
  const recorded = /^recorded (\S+Z) as assessment (\S+)$/m.exec(output)!;
  const past = await runCli(directory.path(), ['assessments']);
  expect(past.output).toContain(recorded[0]);
  expect(existsSync(socket)).toBe(false);
});

test('[P5.2] one that stands still is assessed as well; what is unmet is said, and ends the command with 1', async () => {
  chmodSync(join(directory.path(), 'data'), 0o755);
  const { output, code } = await runCli(directory.path(), ['assess'], UNREACHABLE);
  chmodSync(join(directory.path(), 'data'), 0o700);
  expect(output).toMatch(/^UNMET +data-file-modes: .* \(1\)$/m);
  expect(code).toBe(1);
  const { output: past } = await runCli(directory.path(), ['assessments']);
  expect(past.match(/^recorded /gm)).toHaveLength(2);
});

test('[P5.2] owners without a second factor are counted, and the age of the last backup is told', async () => {
  const backups = join(directory.path(), 'backups');
  const server = await startServer(directory.path(), { ...UNREACHABLE, BACKUP_DIR: backups });
  for (const name of ['Ada', 'Eve']) await signUp(server, name);
  const before = await runCli(directory.path(), ['assess'], UNREACHABLE);
  expect(before.output).toMatch(/^UNMET +second-factor: .* \(2\)$/m);
  expect(before.output).toMatch(/^UNMET +backup-age: .* \(\d{5,}\)$/m);
  await runCli(directory.path(), ['backup', '--to', backups]);
  const after = await runCli(directory.path(), ['assess'], UNREACHABLE);
  await server.stop();
  expect(after.output).toMatch(/^met +backup-age: .* \(0\)$/m);
}, 60_000);
