import { join } from 'node:path';
import { type Session, Sessions, type Tokens } from '../../src/identity/access/sessions.js';
import { KnownTokens, readToken, writeToken } from '../../src/identity/access/sessionTokens.js';
import { timeOrderedIds } from '../../src/kernel/ids.js';
import type { StateStore } from '../../src/statestore/port.js';
import { openSqliteStateStore } from '../../src/statestore/sqlite.js';
import { keyedHash } from '../../src/vault/keys.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ADA = '0190a0b0-0000-7000-8000-000000000001';
const EVE = '0190a0b0-0000-7000-8000-000000000002';
const macUnder = (key: string) => (body: string) => keyedHash(Buffer.alloc(32, key), 'session-token', body);
let nowMs = Date.UTC(2026, 10, 24, 9);
const clock = { now: () => nowMs };
const mac = macUnder('k');
let stateStore: StateStore;
let sessions: Sessions;

beforeAll(() => {
  const file = join(directory.path(), 'state.db');
  stateStore = openSqliteStateStore({ file, fileKey: Buffer.alloc(32, 1), clock });
  sessions = new Sessions({ stateStore, clock, ids: timeOrderedIds(clock), mac });
});
afterAll(() => stateStore.close());

const refreshed = async (refreshToken: string | null, commandId: string | null = null): Promise<Tokens> => {
  const tokens = await sessions.refresh(refreshToken!, commandId);
  if (tokens === null || 'reused' in tokens) throw new Error('It was not refreshed.');
  return tokens;
};
const found = async (token: string): Promise<Session> => (await sessions.find(token))!;

describe('tokens', () => {
  test('are opaque text that says what was written, and nothing under another key', () => {
    const body = { kind: 'refresh', account: ADA, session: EVE, number: 2 ** 40 } as const;
    const token = writeToken(body, mac);
    expect(token).toMatch(/^[\w-]{95}$/);
    expect(readToken(token, mac)).toEqual(body);
    expect(readToken(token, macUnder('another'))).toBeNull();
  });

  test('[P5.3] of which one character is another are nothing, and neither is any other text', () => {
    const token = writeToken({ kind: 'access', account: ADA, session: EVE, number: 1 }, mac);
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(readToken(token.slice(0, at) + other + token.slice(at + 1), mac)).toBeNull();
    }
    for (const text of ['', 'x'.repeat(95), `${token}A`, token.slice(1), 'é'.repeat(95)]) {
      expect(readToken(text, mac)).toBeNull();
    }
  });
});

describe('tokens that were read before', () => {
  const tokenOf = (number: number) => writeToken({ kind: 'access', account: ADA, session: EVE, number }, mac);
  const counting = () => {
    const hashed: string[] = [];
    const known = new KnownTokens((body) => {
      hashed.push(body);
      return mac(body);
    });
    return { known, hashed };
  };

  test('say the same again, and their keyed hash is worked out once', () => {
    const { known, hashed } = counting();
    for (let times = 0; times < 3; times++) expect(known.read(tokenOf(7))).toEqual(readToken(tokenOf(7), mac));
    expect(hashed).toHaveLength(1);
  });

  test('[P5.3] are no help to a forged one, which is worked out each time', () => {
    const { known, hashed } = counting();
    known.read(tokenOf(7));
    const forged = `${tokenOf(7).slice(0, -1)}${tokenOf(7).endsWith('A') ? 'B' : 'A'}`;
    expect([known.read(forged), known.read(forged)]).toEqual([null, null]);
    expect(hashed).toHaveLength(3);
  });

  test('are so many at the most: the oldest is forgotten first', () => {
    const { known, hashed } = counting();
    for (let number = 0; number <= 10_000; number++) known.read(tokenOf(number));
    known.read(tokenOf(10_000));
    expect(hashed).toHaveLength(10_001);
    known.read(tokenOf(0));
    expect(hashed).toHaveLength(10_002);
  });

  test('[P5.3] are good no longer than before: neither once they expire, nor once their session has ended', async () => {
    const [first, second] = [await sessions.begin(ADA), await sessions.begin(ADA)];
    expect([await found(first.token), await found(second.token)]).not.toContain(null);
    await sessions.end(ADA, first.session);
    expect(await sessions.find(first.token)).toBeNull();
    nowMs += 12 * 60 * MINUTE;
    expect(await sessions.find(second.token)).toBeNull();
  });
});

test('[P5.3] a token of a client that does not refresh is good for twelve hours', async () => {
  const { token, refreshToken, expiresAt } = await sessions.begin(ADA);
  expect(refreshToken).toBeNull();
  expect(expiresAt).toBe(nowMs + 12 * 60 * MINUTE);
  nowMs = expiresAt - 1;
  expect((await found(token)).account).toBe(ADA);
  nowMs = expiresAt;
  expect(await sessions.find(token)).toBeNull();
});

test('[P5.3] an access token of a client that refreshes is good for fifteen minutes, and renewed by its refresh token', async () => {
  const first = await sessions.begin(ADA, true);
  nowMs += 15 * MINUTE;
  expect(await sessions.find(first.token)).toBeNull();
  const second = await refreshed(first.refreshToken);
  expect(second.refreshToken).not.toBe(first.refreshToken);
  expect(await found(second.token)).toMatchObject({ account: ADA, id: first.session });
});

test('[P5.3] a refresh token that is used again ends its session, and no other', async () => {
  const other = await sessions.begin(ADA, true);
  const first = await sessions.begin(ADA, true);
  const second = await refreshed(first.refreshToken);
  expect(await sessions.refresh(first.refreshToken!, null)).toEqual({ reused: ADA });
  expect(await sessions.find(second.token)).toBeNull();
  expect(await sessions.refresh(second.refreshToken!, null)).toBeNull();
  await found(other.token);
});

test('[P5.3] of several who use one refresh token at once, not one keeps the session', async () => {
  const { refreshToken, session } = await sessions.begin(EVE, true);
  const answers = await Promise.all(Array.from({ length: 8 }, () => sessions.refresh(refreshToken!, null)));
  expect(answers.filter((answer) => answer !== null && 'token' in answer).length).toBeLessThanOrEqual(1);
  expect(answers).toContainEqual({ reused: EVE });
  expect((await sessions.of(EVE)).map(({ id }) => id)).not.toContain(session);
});

test('a refresh that is sent again with its command id is answered alike; with another, or later, it is reuse', async () => {
  const first = await sessions.begin(ADA, true);
  const second = await refreshed(first.refreshToken, 'once');
  expect(await refreshed(first.refreshToken, 'once')).toEqual(second);
  const third = await refreshed(second.refreshToken, 'twice');
  expect(await sessions.refresh(first.refreshToken!, 'once')).toEqual({ reused: ADA });
  expect(await sessions.refresh(third.refreshToken!, null)).toBeNull();
});

test('neither kind of token stands for the other', async () => {
  const { token, refreshToken } = await sessions.begin(ADA, true);
  expect(await sessions.find(refreshToken!)).toBeNull();
  expect(await sessions.refresh(token, null)).toBeNull();
});

test('[P5.3] a session ends when it was not refreshed for seven days, and after thirty whatever happens', async () => {
  const idle = await sessions.begin(ADA, true);
  nowMs += 7 * DAY;
  expect(await sessions.refresh(idle.refreshToken!, null)).toBeNull();
  let tokens = await sessions.begin(ADA, true);
  for (let week = 0; week < 4; week++) {
    nowMs += 7 * DAY - 1;
    tokens = await refreshed(tokens.refreshToken);
  }
  nowMs += 2 * DAY + 4;
  expect(await sessions.refresh(tokens.refreshToken!, null)).toBeNull();
});

test('when it was last seen is noted to within five minutes, and never brings back a session that was ended', async () => {
  const { token, session } = await sessions.begin(EVE);
  const beganAt = nowMs;
  const seenAt = async () => (await sessions.of(EVE)).find(({ id }) => id === session)?.seenAt;
  nowMs += 5 * MINUTE - 1;
  await found(token);
  expect(await seenAt()).toBe(beganAt);
  nowMs += 1;
  await found(token);
  await stateStore.put('any', 'later', 1);
  expect(await seenAt()).toBe(nowMs);
  nowMs += 5 * MINUTE;
  await Promise.all([sessions.find(token), sessions.end(EVE, session)]);
  await stateStore.put('any', 'later', 2);
  expect(await seenAt()).toBeUndefined();
});

test('[P5.3] ending all leaves the one that is to stay, and other accounts', async () => {
  const [one, two, three] = [await sessions.begin(ADA), await sessions.begin(ADA, true), await sessions.begin(EVE)];
  expect(await sessions.endAll(ADA, two.session)).toContain(one.session);
  expect(await sessions.find(one.token)).toBeNull();
  await found(two.token);
  await found(three.token);
});
