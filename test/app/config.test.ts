import { readConfig } from '../../src/app/config.js';

const reasonOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_CONFIGURATION' });
    return (error as Error).message;
  }
  throw new Error('The configuration was accepted.');
};

test('without a word it serves 127.0.0.1:4000 from ./data, with the key beside it', () => {
  const config = readConfig({});
  expect(config).toMatchObject({ host: '127.0.0.1', port: 4000 });
  expect(config.dataDir).toMatch(/\/data$/);
  expect(config.masterKeyFile).toBe(`${config.dataDir}.key`);
});

test('[P5.1] a master key inside the data directory is refused: who copies the one would have the other', () => {
  expect(reasonOf({ DATA_DIR: '/srv/crm', MASTER_KEY_FILE: '/srv/crm/master.key' })).toMatch(/MASTER_KEY_FILE/);
  expect(reasonOf({ DATA_DIR: '/srv/crm', MASTER_KEY_FILE: '/srv/crm/deep/er/master.key' })).toMatch(/MASTER_KEY_FILE/);
  expect(readConfig({ DATA_DIR: '/srv/crm', MASTER_KEY_FILE: '/srv/crm-keys/master.key' }).dataDir).toBe('/srv/crm');
});

test('what cannot be meant is refused by the name of the variable', () => {
  expect(reasonOf({ PORT: 'http' })).toMatch(/PORT/);
  expect(reasonOf({ PORT: '70000' })).toMatch(/PORT/);
  expect(reasonOf({ LOG_LEVEL: 'chatty' })).toMatch(/LOG_LEVEL/);
});
