import { readOnce } from '../sqlite/readOnce.js';

/**
 * Every row of every live read model of a file that nobody writes to, and the words and facets of each with their counts:
 * `table rows key` to the row as JSON, `table terms scope name` to count and sum. Errors: WRONG_MASTER_KEY, CORRUPT_STORE.
 */
export const readLiveRows = ({ file, fileKey }: { file: string; fileKey: Uint8Array }): Map<string, string> =>
  readOnce(file, fileKey, (database) => {
    const live = database.prepare(`SELECT generation FROM builds WHERE state = 'live'`).pluck().all() as number[];
    const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all() as string[];
    const rows = new Map<string, string>();
    for (const name of tables) {
      const [, generation, table, what] = /^(\d+)\/(.+)\/(rows|terms)$/.exec(name) ?? [];
      if (generation === undefined || !live.includes(Number(generation))) continue;
      const query =
        what === 'rows'
          ? 'SELECT key AS at, doc AS it'
          : `SELECT scope || ' ' || name AS at, count || ' ' || sum AS it`;
      for (const { at, it } of database.prepare(`${query} FROM "${name}"`).all() as { at: string; it: string }[]) {
        rows.set(`${table} ${what} ${at}`, it);
      }
    }
    return rows;
  });
