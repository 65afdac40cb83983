import { join } from 'node:path';
import { OneTimeTokens } from '../../src/identity/access/oneTimeTokens.js';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const ADA = '0190a0b0-0000-7000-8000-000000000001';
const EVE = '0190a0b0-0000-7000-8000-000000000002';
let nowMs = Date.UTC(2026, 10, 24);
const clock = { now: () => nowMs };
let stateStore: StateStore;
let tokens: OneTimeTokens;

beforeAll(() => {
  const file = join(directory.path(), 'state.db');
  stateStore = openSqliteStateStore({ file, fileKey: Buffer.alloc(32, 1), clock });
  tokens = new OneTimeTokens(stateStore, clock, pooledRandomBytes);
});
afterAll(() => stateStore.close());

test('[P5.3] a token is good once, for its owner and purpose', async () => {
  const token = await tokens.issue('reset', ADA, 1_000);
  expect(await tokens.redeem('verify', token)).toBeNull();
  expect(await tokens.redeem('reset', ` ${token}\n`)).toBe(ADA);
  expect(await tokens.redeem('reset', token)).toBeNull();
});

test('[P5.3] a token is nothing from the moment that it expires', async () => {
  const [token, late] = [await tokens.issue('reset', ADA, 1_000), await tokens.issue('reset', EVE, 1_000)];
  nowMs += 999;
  expect(await tokens.redeem('reset', token)).toBe(ADA);
  nowMs += 1;
  expect(await tokens.redeem('reset', late)).toBeNull();
});

test('[P5.3] a new token takes the place of the one before', async () => {
  const first = await tokens.issue('reset', ADA, 1_000);
  const second = await tokens.issue('reset', ADA, 1_000);
  expect(await tokens.redeem('reset', first)).toBeNull();
  expect(await tokens.redeem('reset', second)).toBe(ADA);
});

test('[P5.3] of several who redeem one token at once, one does', async () => {
  const token = await tokens.issue('reset', ADA, 1_000);
  const answers = await Promise.all(Array.from({ length: 8 }, () => tokens.redeem('reset', token)));
  expect(answers.filter((owner) => owner !== null)).toEqual([ADA]);
});

test('[P5.3] the store holds no token, and another’s token or a made-up one is nothing', async () => {
  const token = await tokens.issue('reset', ADA, 1_000);
  const secret = token.slice(32);
  expect(JSON.stringify(await stateStore.list('one-time-tokens'))).not.toContain(secret);
  await tokens.issue('reset', EVE, 1_000);
  const forged = EVE.replaceAll('-', '') + secret;
  for (const text of [forged, '', token.slice(1), `${token}x`, token.replace(/.$/, '-')]) {
    expect(await tokens.redeem('reset', text)).toBeNull();
  }
  expect(await tokens.redeem('reset', token)).toBe(ADA);
});
