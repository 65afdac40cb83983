import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { openDatabase } from '../src/sqlite/database.js';

/** Reads the files with csv-parse and inserts their rows as they are: `DATA` is the folder, `TARGET` the file to make. */

const FILES = ['accounts', 'products', 'sales_teams', 'sales_pipeline'];
const BATCH_SIZE = 1_000;

const database = openDatabase({ file: process.env.TARGET!, fileKey: new Uint8Array(32).fill(7), durability: 'full' });
for (const name of FILES) {
  const rows = parse(readFileSync(join(process.env.DATA!, `${name}.csv`))) as string[][];
  const columns = rows[0]!.map((column) => `"${column}" TEXT`);
  database.exec(`CREATE TABLE ${name} (${columns.join(', ')})`);
  const insert = database.prepare(`INSERT INTO ${name} VALUES (${columns.map(() => '?').join(', ')})`);
  for (let at = 1; at < rows.length; at += BATCH_SIZE) {
    database.exec('BEGIN');
    for (const row of rows.slice(at, at + BATCH_SIZE)) insert.run(...row);
    database.exec('COMMIT');
  }
}
database.close();
