import { missingEngines } from './engines.js';

/*
 * For `npm run test:engines`: the end-to-end suites on engines. Their servers and commands are given URLs by
 * `environmentFor`; where an engine is not given, every test of them is counted as skipped, and nothing is started.
 */

const isEndToEnd = /[\\/]e2e[\\/]/.test(expect.getState().testPath ?? '');
const missing = missingEngines(['KurrentDB', 'MongoDB']);

if (isEndToEnd && missing.length === 0) process.env.TEST_STORES = 'engines';
if (isEndToEnd && missing.length > 0) {
  const why = `(${missing.join(' and ')} not given)`;
  const skip = globalThis.test.skip;
  const skipped = (name: string) => skip(`${name} ${why}`, () => undefined);
  const nothing = () => undefined;
  Object.assign(globalThis, {
    test: Object.assign(skipped, { each: skip.each, skip }),
    beforeAll: nothing,
    beforeEach: nothing,
    afterEach: nothing,
    afterAll: nothing,
  });
}
