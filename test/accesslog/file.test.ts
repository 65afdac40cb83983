import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileAccessLog } from '../../src/accesslog/file.js';
import type { AccessLog, AccessQuery } from '../../src/accesslog/port.js';
import { type Disk, disk } from '../../src/accesslog/segmentFiles.js';
import { pooledRandomBytes } from '../../src/kernel/ids.js';
import { entryOf, id } from './entries.js';

const logKey = pooledRandomBytes(32);
const FIRST = '00000001.log';
let root: string;
let directory: string;
let log: AccessLog;

const open = (more: { disk?: Disk; segmentBytes?: number; logKey?: Buffer } = {}) =>
  openFileAccessLog({
    directory,
    logKey,
    clock: { now: () => Date.parse('2026-03-02T10:00:00.000Z') },
    random: pooledRandomBytes,
    keepDays: 400,
    ...more,
  });
const reopen = async (more: Parameters<typeof open>[0] = {}) => {
  await log.close();
  log = open(more);
};
const operations = async (query: Partial<AccessQuery> = {}) =>
  (await log.page({ limit: 1_000, ...query })).entries.map(({ operation }) => operation);
const append = (...names: string[]) => Promise.all(names.map((operation) => log.append(entryOf({ operation }))));
const fileOf = (name: string) => join(directory, name);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'crm-access-log-'));
  directory = join(root, 'access-log');
  log = open();
});
afterEach(async () => {
  await log.close();
  rmSync(root, { recursive: true });
});

test('nothing is on disk before the first entry; then it is for its owner alone', async () => {
  expect(await operations()).toEqual([]);
  expect(readdirSync(root)).toEqual([]);
  await append('one');
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(fileOf(FIRST)).mode & 0o777).toBe(0o600);
});

test('[P5.1] nothing of an entry is readable in the files, and another key opens none', async () => {
  const entry = entryOf({ operation: 'query contacts' });
  await log.append(entry);
  await reopen({ segmentBytes: 1 });
  await append('two');
  for (const name of readdirSync(directory)) {
    const text = readFileSync(fileOf(name)).toString('latin1');
    for (const part of [entry.actor, entry.operation, entry.purpose, 'name']) expect(text).not.toContain(part);
    expect(text).not.toContain(Buffer.from(id('a').replaceAll('-', ''), 'hex').toString('latin1'));
  }
  await reopen({ logKey: pooledRandomBytes(32) });
  await expect(operations()).rejects.toMatchObject({ code: 'CORRUPT_STORE' });
});

test('entries that come together share one write, those that come meanwhile the next', async () => {
  let writes = 0;
  const counting: Disk = {
    ...disk,
    write: (file, bytes, at) => {
      writes += 1;
      return disk.write(file, bytes, at);
    },
  };
  await reopen({ disk: counting });
  await append('first');
  writes = 0;
  await append(...Array.from({ length: 64 }, (_, n) => `q${n}`));
  expect(writes).toBe(1);
  await append('last');
  expect(writes).toBe(2);
});

test('an entry is acknowledged after its bytes are on disk, never before', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await append('before');
  const slow: Disk = { ...disk, write: (...args) => held.then(() => disk.write(...args)) };
  await reopen({ disk: slow });
  let acknowledged = false;
  const appended = append('slow').then(() => {
    acknowledged = true;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(acknowledged).toBe(false);
  release();
  await appended;
  expect(await operations()).toEqual(['slow', 'before']);
});

test('[P5.4] what a crash cut short counts for nothing, and the log goes on after it', async () => {
  await append('one');
  await append('two');
  const whole = readFileSync(fileOf(FIRST));
  await append('three');
  const all = readFileSync(fileOf(FIRST));
  for (const end of [whole.length, whole.length + 1, whole.length + 20, all.length - 1]) {
    await log.close();
    rmSync(directory, { recursive: true });
    log = open();
    await append('made anew');
    await log.close();
    for (const name of readdirSync(directory)) rmSync(fileOf(name));
    writeFileSync(fileOf(FIRST), all.subarray(0, end));
    log = open();
    expect(await operations()).toEqual(['two', 'one']);
    await append('four');
    expect(await operations()).toEqual(['four', 'two', 'one']);
    await reopen();
    expect(await operations()).toEqual(['four', 'two', 'one']);
  }
});

test('a last block with zeros where its bytes should be counts for nothing', async () => {
  await append('one');
  const { size } = statSync(fileOf(FIRST));
  await append('two');
  await log.close();
  const bytes = readFileSync(fileOf(FIRST));
  bytes.fill(0, size + 30);
  writeFileSync(fileOf(FIRST), bytes);
  log = open();
  await append('three');
  expect(await operations()).toEqual(['three', 'one']);
});

test('a changed byte, a missing entry or a segment cut short is told, not passed over', async () => {
  await append('one');
  const { size } = statSync(fileOf(FIRST));
  await append('two');
  await reopen({ segmentBytes: 1 });
  await append('three'); // closes the first segment
  const before = readFileSync(fileOf(FIRST));
  const damaged = { code: 'CORRUPT_STORE' };
  const changed = Buffer.from(before);
  changed[size - 1]! ^= 1;
  writeFileSync(fileOf(FIRST), changed);
  await expect(operations()).rejects.toMatchObject(damaged);
  writeFileSync(fileOf(FIRST), before);
  truncateSync(fileOf(FIRST), size);
  await expect(operations()).rejects.toMatchObject(damaged);
  writeFileSync(fileOf(FIRST), Buffer.concat([before.subarray(0, 32), before.subarray(size)]));
  await expect(operations()).rejects.toMatchObject(damaged);
  writeFileSync(fileOf(FIRST), before);
  expect(await operations()).toEqual(['three', 'two', 'one']);
});

test('a start goes on with the segment that was being written to, also after looking for what is too old', async () => {
  await append('one');
  await reopen();
  await log.expire();
  await append('two');
  expect(readdirSync(directory)).toEqual([FIRST]);
});

test('an index that is gone or damaged is made anew', async () => {
  await reopen({ segmentBytes: 1 });
  await append('one');
  await append('two');
  const index = fileOf('00000001.who');
  appendFileSync(index, 'x');
  await reopen();
  expect(await operations({ subjects: [id('a')] })).toEqual(['two', 'one']);
  rmSync(index);
  await reopen();
  expect(await operations({ subjects: [id('a')] })).toEqual(['two', 'one']);
});

test('segments in which a person is not are not read', async () => {
  await reopen({ segmentBytes: 1 });
  for (const who of ['a', 'b', 'c']) {
    const reads = [{ controller: id('client'), categories: ['name'], subjects: [id(who)] }] as const;
    await log.append(entryOf({ operation: who, reads }));
  }
  for (const name of [FIRST, '00000003.log']) writeFileSync(fileOf(name), 'not to be looked at');
  expect(await operations({ subjects: [id('b')] })).toEqual(['b']);
});

describe('on a full disk', () => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  const unwritable = { code: 'ACCESS_LOG_UNWRITABLE' };

  /** Writes a part and then has no more room, until told otherwise. */
  const failing = (truncates: boolean) => {
    const state = { full: false };
    const faulty: Disk = {
      ...disk,
      async write(file, bytes, at) {
        if (!state.full) return disk.write(file, bytes, at);
        await disk.write(file, bytes.subarray(0, bytes.length / 2), at);
        throw full;
      },
      truncate: (file, size) => (truncates ? disk.truncate(file, size) : Promise.reject(full)),
    };
    return { state, faulty };
  };

  test.each([true, false])(
    'an entry is refused, the log is as it was, and goes on when there is room (cut off: %s)',
    async (truncates) => {
      const { state, faulty } = failing(truncates);
      await reopen({ disk: faulty });
      await append('one');
      state.full = true;
      const refused = await Promise.allSettled(['two', 'three'].map((name) => append(name)));
      for (const each of refused) expect(each).toMatchObject({ status: 'rejected', reason: unwritable });
      expect(await operations()).toEqual(['one']);
      state.full = false;
      await append('four');
      expect(await operations()).toEqual(['four', 'one']);
      await reopen();
      expect(await operations()).toEqual(['four', 'one']);
    },
  );

  test('the first entry of all is refused as well', async () => {
    const { state, faulty } = failing(true);
    state.full = true;
    await reopen({ disk: faulty });
    await expect(append('one')).rejects.toMatchObject(unwritable);
    state.full = false;
    await append('two');
    expect(await operations()).toEqual(['two']);
  });
});
