import { readFileSync } from 'node:fs';
import { readConfig } from '../../src/app/config.js';
import { demoEnvironment } from '../../src/app/demo/environment.js';

/** Every variable that the README's table of settings names. */
const documented = (): string[] => {
  const rows = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').match(/^\| `[A-Z][A-Z_]+`.*$/gm) ?? [];
  const names = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name!));
  return names.flatMap((name) => [name, `${name}_FILE`]);
};
const SEEN = ['HOST', 'PORT', 'APP_URL', 'LOG_LEVEL'];

test('whatever is set, the demo keeps all it has in its own directory, and sends nothing anywhere', () => {
  const names = documented();
  expect(names).toEqual(
    expect.arrayContaining([
      ...['EVENT_STORE_URL_FILE', 'READ_STORE_URL_FILE', 'STATE_STORE_URL_FILE', 'VAULT_URL_FILE', 'KEYRING_FILE'],
      ...[
        'KMS_URL',
        'BACKUP_DIR',
        'BACKUP_EVERY_HOURS',
        'SMTP_URL',
        'SMTP_URL_FILE',
        'ERASURE_LEDGER_COPY',
        'DATA_DIR',
      ],
    ]),
  );
  const all = Object.fromEntries(names.filter((name) => !SEEN.includes(name)).map((name) => [name, '/elsewhere']));
  expect(readConfig(demoEnvironment(all, '/demo'))).toEqual(readConfig(demoEnvironment({}, '/demo')));
  expect(JSON.stringify(readConfig(demoEnvironment(all, '/demo')))).not.toContain('elsewhere');
});

test('it listens where it is told, and logs what it is told', () => {
  const told = { HOST: '0.0.0.0', PORT: '5000', APP_URL: 'https://demo.example', LOG_LEVEL: 'info' };
  expect(readConfig(demoEnvironment(told, '/demo'))).toMatchObject({
    ...{ host: '0.0.0.0', port: 5000, appUrl: 'https://demo.example', logLevel: 'info', dataDir: '/demo/data' },
  });
});
