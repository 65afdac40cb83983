import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Needles } from '../../src/remains/needles.js';
import { scanBytes, scanDatabase, scanDirectory } from '../../src/remains/scan.js';
import { openDatabase } from '../../src/sqlite/database.js';
import { temporaryDirectory } from '../support/temporary.js';

const directory = temporaryDirectory();
const marker = 'Zoë-9f3kQx7Lw2';
const key = Buffer.from('6f1d0c2b93a84e75', 'hex');
const needles = Needles.of([marker], new Map([['a key', key]]));
const around = (bytes: Buffer | string) =>
  Buffer.concat([Buffer.from('before'), Buffer.from(bytes), Buffer.from('after')]);
const sees = (bytes: Buffer | string) => scanBytes('here', around(bytes), needles).length > 0;
const hashOf = (algorithm: string) => createHash(algorithm).update(marker).digest();

test.each<[string, Buffer | string]>([
  ['as it is', marker],
  ['in lower case', marker.toLowerCase()],
  ['in upper case', marker.toUpperCase()],
  ['in small letters, in base64', Buffer.from(marker.toLowerCase()).toString('base64')],
  ['in capitals, as SHA-256', createHash('sha256').update(marker.toUpperCase()).digest()],
  ['in UTF-16, little endian', Buffer.from(marker, 'utf16le')],
  ['in UTF-16, big endian', Buffer.from(marker, 'utf16le').swap16()],
  ['in base64', Buffer.from(marker).toString('base64')],
  ['in base64, a byte further', Buffer.from(`x${marker}`).toString('base64')],
  ['in base64, two bytes further', Buffer.from(`xy${marker}z`).toString('base64url')],
  ['in hex', Buffer.from(marker).toString('hex')],
  ['in hex of capitals', Buffer.from(marker).toString('hex').toUpperCase()],
  ['URL-escaped', encodeURIComponent(marker)],
  ['JSON-escaped', [...marker].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
  ['JSON-escaped where ASCII ends', marker.replace('ë', '\\u00EB')],
  ['compressed by gzip', gzipSync(around(marker))],
  ['compressed by zlib', deflateSync(around(marker))],
  ['as MD5', hashOf('md5')],
  ['as SHA-1 in hex', hashOf('sha1').toString('hex')],
  ['as SHA-256 in base64', hashOf('sha256').toString('base64')],
])('the scanner sees a marker %s', (_, bytes) => {
  expect(sees(bytes)).toBe(true);
});

test('the scanner sees through brotli where it is the whole file, and through nothing that is not there', () => {
  expect(scanBytes('here', brotliCompressSync(around(marker)), needles)).not.toEqual([]);
  expect(scanBytes('here', around('Zoë-9f3kQx7Lw'), needles)).toEqual([]);
});

test('the scanner reads every file of a directory, and says where', () => {
  const deep = join(directory.path(), 'deep', 'er');
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'log'), around(marker));
  expect(scanDirectory(directory.path(), needles)).toContainEqual({ where: join(deep, 'log'), marker, form: 'UTF-8' });
});

test('in an encrypted file the scanner sees live rows, deleted ones in free pages, and what a later commit superseded in the log', () => {
  const file = join(directory.path(), 'some.db');
  const fileKey = Buffer.alloc(32, 3);
  const database = openDatabase({ file, fileKey, durability: 'full' });
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)');
  expect(scanDatabase(file, fileKey, needles)).toEqual([]);
  database.prepare('INSERT INTO t VALUES (1, ?)').run(marker);
  expect(scanBytes('raw', Buffer.concat([database.serialize()]), needles)).not.toEqual([]);
  database.exec("UPDATE t SET text = 'overwritten'");
  // `secure_delete` has cleared the page that is live; the log still has the one before.
  expect(scanBytes('live', database.serialize(), needles)).toEqual([]);
  expect(scanDirectory(directory.path(), needles).filter(({ where }) => where.includes('some.db'))).toEqual([]);
  expect(scanDatabase(file, fileKey, needles)).not.toEqual([]);
  database.pragma('wal_checkpoint(TRUNCATE)');
  expect(scanDatabase(file, fileKey, needles)).toEqual([]);
  database.pragma('secure_delete=OFF');
  database.prepare('INSERT INTO t VALUES (2, ?)').run(marker.repeat(2_000));
  database.exec('DELETE FROM t WHERE id = 2');
  database.pragma('wal_checkpoint(TRUNCATE)');
  expect(database.prepare('SELECT count(*) FROM t').pluck().get()).toBe(1);
  expect(scanDatabase(file, fileKey, needles)).not.toEqual([]);
  database.close();
});

test('of a log the scanner sees what was never committed, and what an earlier round has left behind the end of this one', () => {
  const file = join(directory.path(), 'rounds.db');
  const fileKey = Buffer.alloc(32, 4);
  const database = openDatabase({ file, fileKey, durability: 'full' });
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)');
  database.exec(`INSERT INTO t VALUES (1, '${'x'.repeat(9_000)}')`);
  database.prepare('INSERT INTO t VALUES (2, ?)').run(marker);
  // The log begins anew with the next commit, and is not cut.
  database.pragma('wal_checkpoint(RESTART)');
  database.exec("UPDATE t SET text = 'overwritten' WHERE id = 2");
  database.pragma('wal_checkpoint(PASSIVE)');
  expect(scanBytes('live', database.serialize(), needles)).toEqual([]);
  expect(scanDatabase(file, fileKey, needles)).not.toEqual([]);
  database.close();
  expect(scanDatabase(file, fileKey, needles)).toEqual([]);
});

test('the scanner sees a key as bytes and as it is written down, and refuses to look for what stands anywhere by chance', () => {
  for (const form of [key, key.toString('hex'), `x${key.toString('base64').slice(0, 10)}`, key.join(',')]) {
    expect(scanBytes('here', around(form), needles)).toContainEqual(expect.objectContaining({ marker: 'a key' }));
  }
  expect(() => Needles.of(['Ann'])).toThrow(TypeError);
});
