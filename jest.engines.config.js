import base from './jest.config.js';

/** The suites for real engines: one after the other, because they share them, and with every name said. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/engines/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 120_000,
  verbose: true,
};
