import base from './jest.config.js';

/** End-to-end suites about files, which the engines have none of, and those that bring engines of their own. */
const NOT_ON_ENGINES = [
  'assessment',
  'backup',
  'closingRestored',
  'compaction',
  'engineFaults',
  'erasureLedger',
  'eventEngine',
  'importedAgents',
  'lifecycle',
  'moveAll',
  'passkeys',
  'readStoreRewrite',
  'rotateKeys',
  'severalServers',
];

/** The suites for real engines: one after the other, because they share them, and with every name said. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/engines/**/*.test.ts', '<rootDir>/test/e2e/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', `/test/e2e/(${NOT_ON_ENGINES.join('|')})\\.test\\.ts$`],
  setupFilesAfterEnv: ['<rootDir>/test/support/engineSuites.ts'],
  maxWorkers: 1,
  testTimeout: 120_000,
  verbose: true,
  reporters: ['default', '<rootDir>/test/support/namedReporter.mjs'],
};
