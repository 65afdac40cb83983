import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A change of the built product: in a file of `dist`, this text is replaced by that. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Copies the built product and changes the copy; answers its `dist`. Throws where a text is not there exactly once. */
export const changedProduct = (edits: readonly Edit[], more: { readonly [file: string]: string } = {}): string => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-changed-'));
  const dist = join(directory, 'dist');
  cpSync(join(root, 'dist'), dist, { recursive: true });
  copyFileSync(join(root, 'package.json'), join(directory, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  for (const { file, find, replace } of edits) {
    const text = readFileSync(join(dist, file), 'utf8');
    const times = text.split(find).length - 1;
    if (times !== 1) throw new Error(`${file} has ${times} times what is to be replaced once: ${find}`);
    writeFileSync(
      join(dist, file),
      text.replace(find, () => replace),
    );
  }
  for (const [file, text] of Object.entries(more)) writeFileSync(join(dist, file), text);
  return dist;
};

export const removeProduct = (dist: string): void => rmSync(join(dist, '..'), { recursive: true, force: true });
