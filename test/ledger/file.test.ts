import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryAfter, lineOf, readChain } from '../../src/ledger/entry.js';
import { LEDGER_FILE, openFileLedger } from '../../src/ledger/file.js';
import type { KnownLedger } from '../../src/ledger/known.js';
import type { ErasureLedger } from '../../src/ledger/port.js';
import { begun, clock, completed, ids, memoryOf } from './records.js';

let root: string;
let directory: string;
let copyDirectory: string;
let file: string;
let copy: string;
let memory: ReturnType<typeof memoryOf>;
let ledger: ErasureLedger;

const open = (more: { copyDirectory?: string | undefined; dataMayBeBehind?: boolean } = {}) =>
  openFileLedger({ directory, copyDirectory, memory, clock, ids, ...more });
const reopen = async () => {
  await ledger.close();
  ledger = await open();
};
const broken = (reason: RegExp) =>
  expect.objectContaining({ code: 'LEDGER_BROKEN', message: expect.stringMatching(reason) });
const unwritable = expect.objectContaining({ code: 'LEDGER_UNWRITABLE' });
const behind = expect.objectContaining({ code: 'DATA_BEHIND_LEDGER' });
const inFile = (path: string) => readChain(readFileSync(path, 'utf8')).map(({ record }) => record);

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'crm-ledger-'));
  directory = join(root, 'ledger');
  copyDirectory = join(root, 'copy');
  file = join(directory, LEDGER_FILE);
  copy = join(copyDirectory, LEDGER_FILE);
  memory = memoryOf();
  ledger = await open();
});
afterEach(async () => {
  await ledger.close();
  rmSync(root, { recursive: true });
});

test('the ledger is for its owner alone, and the copy is the same byte for byte', async () => {
  await ledger.append(begun());
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readFileSync(copy, 'utf8')).toBe(readFileSync(file, 'utf8'));
});

describe('after a crash', () => {
  test('a last line that was cut short is cut off, in the ledger and in the copy', async () => {
    const order = begun();
    await ledger.append(order);
    const whole = readFileSync(file, 'utf8');
    const next = lineOf(entryAfter(ledger.head(), { ...JSON.parse(whole.split('\n')[0]!), record: begun() }));
    for (const length of [1, 20, next.length - 1]) {
      for (const path of [file, copy]) appendFileSync(path, next.slice(0, length));
      await reopen();
      for (const path of [file, copy]) expect(readFileSync(path, 'utf8')).toBe(whole);
    }
    await ledger.append(completed(order));
    expect(inFile(file)).toHaveLength(3);
  });

  /** What the data know and what the files hold at every moment of an append. */
  const momentsOfAppending = async () => {
    const moments: KnownLedger[] = [];
    const { write } = memory;
    memory.write = async (known) => {
      moments.push(structuredClone(known));
      await write(known);
    };
    const before = readFileSync(file, 'utf8');
    const order = begun();
    await ledger.append(order);
    await ledger.close();
    memory.write = write;
    const [writing, done] = moments;
    return { order, before, after: readFileSync(file, 'utf8'), writing: writing!, done: done! };
  };

  test.each([
    ['before it was written', 'before', 'before', 1],
    ['when the copy was not written yet', 'after', 'before', 2],
    ['when the data were not told of its end yet', 'after', 'after', 2],
  ] as const)('%s an append is there whole or not at all, and the ledger goes on', async (_, main, inCopy, length) => {
    const { order, writing, ...texts } = await momentsOfAppending();
    await memory.write(writing);
    writeFileSync(file, texts[main]);
    writeFileSync(copy, texts[inCopy]);
    ledger = await open();
    expect(await ledger.entries()).toHaveLength(length);
    expect(await ledger.append(order)).toMatchObject({ sequence: 2 });
    await ledger.verify();
    await reopen();
    expect(inFile(copy)).toEqual([{ kind: 'LedgerBegun' }, order]);
  });

  test('at its very beginning a ledger is begun again', async () => {
    await ledger.close();
    for (const text of [null, '', '{"hash"']) {
      for (const path of [file, copy]) {
        if (text === null) rmSync(path);
        else writeFileSync(path, text);
      }
      memory = memoryOf({ ...memory.kept()!, head: { sequence: 0, hash: '0'.repeat(64) }, copied: false });
      ledger = await open();
      expect(inFile(file)).toEqual([{ kind: 'LedgerBegun' }]);
      await ledger.close();
    }
  });
});

describe('refused are', () => {
  let text: string;
  beforeEach(async () => {
    for (let count = 0; count < 3; count++) await ledger.append(begun());
    await ledger.close();
    text = readFileSync(file, 'utf8');
  });
  const put = (content: string) => {
    for (const path of [file, copy]) writeFileSync(path, content);
  };
  const linesOf = (content: string) => content.split('\n').slice(0, -1);
  const joined = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

  test('any changed byte', async () => {
    for (let at = 0; at < text.length; at += 7) {
      const other = text[at] === '0' ? '1' : '0';
      put(text.slice(0, at) + other + text.slice(at + 1));
      await expect(open()).rejects.toMatchObject({ code: 'LEDGER_BROKEN' });
    }
  });

  test('lines that are missing, swapped or repeated, at the end as well', async () => {
    const [first, second, third, fourth] = linesOf(text) as [string, string, string, string];
    for (const lines of [
      [first, third, fourth],
      [second, third, fourth],
      [first, third, second, fourth],
      [first, second, second, third, fourth],
    ]) {
      put(joined(lines));
      await expect(open()).rejects.toEqual(broken(/changed or is missing/));
    }
    put(joined([first, second, third]));
    await expect(open()).rejects.toEqual(broken(/older than the data, or was cut short/));
    put('');
    await expect(open()).rejects.toEqual(broken(/missing/));
  });

  test('a ledger that was written anew from a place on, with every link right', async () => {
    const entries = readChain(text);
    const forged = entryAfter(entries[1]!, { ...entries[2]!, record: begun() });
    const last = entryAfter(forged, entries[3]!);
    put(joined(linesOf(text).slice(0, 2)) + lineOf(forged) + lineOf(last));
    await expect(open()).rejects.toEqual(broken(/not the one the data know/));
  });

  test('a ledger of another installation', async () => {
    const other = memoryOf();
    const elsewhere = join(root, 'elsewhere');
    const another = await openFileLedger({ directory: elsewhere, memory: other, clock, ids });
    for (let count = 0; count < 3; count++) await another.append(begun());
    await another.close();
    put(readFileSync(join(elsewhere, LEDGER_FILE), 'utf8'));
    await expect(open()).rejects.toEqual(broken(/another installation/));
  });

  test('no ledger where the data know of one, also where the copy is left', async () => {
    rmSync(file);
    await expect(open()).rejects.toEqual(broken(/its copy is there/));
    rmSync(copy);
    await expect(open()).rejects.toEqual(broken(/is missing/));
  });

  test('a copy that is gone, changed, or ahead of the ledger', async () => {
    rmSync(copy);
    await expect(open()).rejects.toEqual(broken(/copy of the erasure ledger is missing/));
    writeFileSync(copy, joined([linesOf(text)[0]!, linesOf(text)[2]!]));
    await expect(open()).rejects.toEqual(broken(/changed or is missing/));
    writeFileSync(copy, text);
    writeFileSync(file, joined(linesOf(text).slice(0, 3)));
    await expect(open()).rejects.toEqual(broken(/copy .* is ahead/));
    expect(readFileSync(copy, 'utf8')).toBe(text);
  });

  test('[P7.3] a whole machine that was put back to before an erasure, where the copy was not', async () => {
    const [known] = [memory.kept()!];
    const entries = readChain(text);
    memory = memoryOf({ ...known, head: { sequence: 2, hash: entries[1]!.hash } });
    writeFileSync(file, joined(linesOf(text).slice(0, 2)));
    await expect(open()).rejects.toEqual(broken(/copy .* is ahead/));
  });

  test('[P7.3] data that were put back to before an erasure, where the ledger was not', async () => {
    const known = memory.kept()!;
    const entries = readChain(text);
    memory = memoryOf({ ...known, head: { sequence: 3, hash: entries[2]!.hash } });
    await expect(open()).rejects.toEqual(behind);
    memory = memoryOf({
      ...known,
      head: { sequence: 2, hash: entries[1]!.hash },
      writing: { sequence: 3, hash: entries[2]!.hash },
    });
    await expect(open()).rejects.toEqual(behind);
    memory = memoryOf();
    await expect(open()).rejects.toEqual(behind);
  });

  test('an entry in the place of the one that was being written when the data were put back', async () => {
    const entries = readChain(text);
    memory = memoryOf({
      ...memory.kept()!,
      head: { sequence: 3, hash: entries[2]!.hash },
      writing: { sequence: 4, hash: 'f'.repeat(64) },
    });
    await expect(open()).rejects.toEqual(behind);
  });
});

describe('a restore', () => {
  test('sees what the data do not know yet, and the data know it only once the restore has come to its end', async () => {
    const [first, second] = [begun(), begun()];
    await ledger.append(first);
    const backedUp = memory.kept()!;
    await ledger.append(second);
    await ledger.close();
    memory = memoryOf(backedUp);
    const restoring = await open({ dataMayBeBehind: true });
    const unknown = await restoring.entries(restoring.knownToData.sequence);
    expect(unknown.map(({ record }) => record)).toEqual([second]);
    await restoring.append(second);
    await restoring.append(completed(second));
    await restoring.close();
    await expect(open()).rejects.toEqual(behind);
    const again = await open({ dataMayBeBehind: true });
    await again.acknowledge();
    await again.close();
    ledger = await open();
    expect(ledger.knownToData.sequence).toBe(4);
  });

  test('refuses an older ledger as well', async () => {
    await ledger.append(begun());
    await ledger.close();
    const [first] = readFileSync(file, 'utf8').split('\n');
    for (const path of [file, copy]) writeFileSync(path, `${first}\n`);
    await expect(open({ dataMayBeBehind: true })).rejects.toEqual(broken(/cut short/));
  });
});

describe('what cannot be written is refused, and goes on where it was once it can be', () => {
  /** A directory that went away, as a disk that is unmounted does. */
  const without = async (gone: string, work: () => Promise<void>) => {
    renameSync(gone, `${gone}.gone`);
    await work();
    renameSync(`${gone}.gone`, gone);
  };

  test.each(['ledger', 'copy'])('where the directory of the %s is gone', async (which) => {
    const order = begun();
    await without(join(root, which), async () => {
      await expect(ledger.append(order)).rejects.toEqual(unwritable);
      expect(ledger.head().sequence).toBe(1);
    });
    for (const path of [file, copy]) expect(inFile(path)).toHaveLength(1);
    await ledger.append(order);
    await ledger.verify();
    await reopen();
    expect(inFile(copy)).toEqual([{ kind: 'LedgerBegun' }, order]);
  });

  test('where a file stands in the place of the directory', async () => {
    await ledger.close();
    for (const path of [directory, copyDirectory]) rmSync(path, { recursive: true });
    memory = memoryOf();
    writeFileSync(directory, '');
    await expect(open()).rejects.toMatchObject({ code: expect.stringMatching(/^LEDGER_/) });
    rmSync(directory);
    mkdirSync(directory);
    ledger = await open();
  });

  test('where the data cannot keep in mind what is being written', async () => {
    const { write } = memory;
    memory.write = () => Promise.reject(new Error('as if'));
    await expect(ledger.append(begun())).rejects.toThrow('as if');
    expect(inFile(file)).toHaveLength(1);
    memory.write = write;
    await ledger.append(begun());
    expect(inFile(file)).toHaveLength(2);
  });

  test('where another process has written to it', async () => {
    const text = readFileSync(file, 'utf8');
    const theirs = lineOf(entryAfter(ledger.head(), { ...readChain(text)[0]!, record: begun() }));
    appendFileSync(file, theirs);
    await expect(ledger.append(begun())).rejects.toEqual(unwritable);
    expect(readFileSync(file, 'utf8')).toBe(text + theirs);
    await expect(ledger.verify()).rejects.toEqual(broken(/changed while it was open/));
    writeFileSync(file, text);
    await ledger.verify();
    appendFileSync(copy, theirs);
    await expect(ledger.verify()).rejects.toEqual(broken(/differs/));
  });
});

test('a copy that is asked for later is made whole, and one that is given up is not missed', async () => {
  await ledger.close();
  ledger = await open({ copyDirectory: undefined });
  await ledger.append(begun());
  await ledger.close();
  rmSync(copyDirectory, { recursive: true });
  await reopen();
  expect(readFileSync(copy, 'utf8')).toBe(readFileSync(file, 'utf8'));
});
