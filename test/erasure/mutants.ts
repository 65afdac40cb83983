import type { Edit } from './sabotage.js';
import type { PartName } from './short.js';

/** A product that breaks one promise, and the part of the proof that has to notice. */
export interface Mutant {
  readonly name: string;
  readonly edit: Edit;
  readonly caughtBy: PartName;
}

const builtIn = (name: string): string => `process.getBuiltinModule('node:${name}')`;
/** In the command handler, where what is about to be sealed is at hand. */
const onCommand = (statement: string): Edit => ({
  file: 'src/kernel/commandHandler.js',
  find: 'const recordedAt = instant(this.parts.clock.now());',
  replace: `const recordedAt = instant(this.parts.clock.now());
        for (const { values } of decision) for (const value of Object.values(values)) if (typeof value === 'string') ${statement};`,
});

export const mutants: readonly Mutant[] = [
  {
    name: 'the contacts keep the row',
    edit: { file: 'projections/crm/contacts.js', find: '? remove(table, ofSubjectIn(event))', replace: '? []' },
    caughtBy: 'nothing is in a decrypted page',
  },
  {
    name: 'the search keeps its words',
    edit: { file: 'src/readstore/sqliteIndex.js', find: 'statements.deleteEntry(scope, name);', replace: ';' },
    caughtBy: 'nothing is in a decrypted page',
  },
  {
    name: 'the wrapped key stays where it was, marked as destroyed',
    edit: {
      file: 'src/vault/keyChanges.js',
      find: 'wrapped = zeroblob(',
      replace: 'wrapped = max(wrapped, ',
    },
    caughtBy: 'nothing is in a decrypted page',
  },
  {
    name: 'the do-not-contact list keeps a hash without a key',
    edit: {
      file: 'src/app/privacy.js',
      find: 'keyedHash(controllerKey(derived.suppression, workspace, controller), kind, value)',
      replace: `${builtIn('crypto')}.createHash('sha256').update(value).digest('base64url')`,
    },
    caughtBy: 'nothing is in a decrypted page',
  },
  {
    name: 'the vault says that it has destroyed the keys, and keeps them',
    edit: { file: 'src/vault/keyChanges.js', find: 'this.#destroyKey.run(key.id);', replace: ';' },
    caughtBy: 'nothing in the history opens',
  },
  {
    name: 'the vault goes on using the keys that it has in memory',
    edit: { file: 'src/vault/sqlite.js', find: 'await this.#cache.drop(held, classes);', replace: '' },
    caughtBy: 'no answer shows the person',
  },
  {
    name: 'the parsed rows stay in memory',
    edit: {
      file: 'src/readstore/sqliteStatements.js',
      find: 'deleteRow: (key) => dropped(remove.get(key))',
      replace: 'deleteRow: (key) => remove.get(key)',
    },
    caughtBy: 'no answer shows the person',
  },
  {
    name: 'documents with words in them are kept',
    edit: {
      file: 'schema/operations.js',
      find: 'source.length <= MAX_KEPT_CHARACTERS && !/["#]/.test(source)',
      replace: 'true',
    },
    caughtBy: 'nothing is in memory',
  },
  {
    name: 'a command is logged',
    edit: onCommand('console.log(value)'),
    caughtBy: 'nothing is logged',
  },
  {
    name: 'a hash of what is in a command is logged',
    edit: onCommand(`console.log(${builtIn('crypto')}.createHash('sha1').update(value).digest('hex'))`),
    caughtBy: 'nothing is logged',
  },
  {
    name: 'a command is kept in a file, compressed',
    edit: onCommand(
      `${builtIn('fs')}.appendFileSync(process.env.DATA_DIR + '/commands', ${builtIn('zlib')}.gzipSync(value))`,
    ),
    caughtBy: 'nothing is in a file',
  },
  {
    name: 'the intent is not written to the ledger',
    edit: { file: 'src/privacy/erasure/erase.js', find: 'await this.#begin(order, identified);', replace: '' },
    caughtBy: 'a restored backup brings nobody back',
  },
  {
    name: 'a restore does not carry out again what is in the ledger',
    edit: {
      file: 'src/app/installation.js',
      find: 'return this.eraser.takeUp(await ledger.entries(ledger.knownToData.sequence));',
      replace: 'return 0;',
    },
    caughtBy: 'a restored backup brings nobody back',
  },
  {
    name: 'SQLite does not overwrite what it deletes',
    edit: { file: 'src/sqlite/database.js', find: "'secure_delete=ON'", replace: "'secure_delete=OFF'" },
    caughtBy: 'an account that is closed leaves no password',
  },
  {
    name: 'the read store is not rewritten',
    edit: {
      file: 'src/app/installation.js',
      find: 'await this.readStoreRewriter?.rewritten(position);',
      replace: '',
    },
    caughtBy: 'the certificate is signed, and comes after the rewriting',
  },
  {
    name: 'something else is signed than what is certified',
    edit: {
      file: 'src/privacy/erasure/certificateKey.js',
      find: 'sign(null, Buffer.from(text), key)',
      replace: 'sign(null, Buffer.from(text.slice(1)), key)',
    },
    caughtBy: 'the certificate is signed, and comes after the rewriting',
  },
  {
    name: 'the claims of the person stay',
    edit: {
      file: 'src/app/purgers.js',
      find: 'purge: (order, workspace) => releaseClaims(order, workspace, parts)',
      replace: 'purge: async () => 0',
    },
    caughtBy: 'no claim is left',
  },
  {
    name: 'the vault lends a throw-away key for somebody who is destroyed',
    edit: {
      file: 'src/vault/sqlite.js',
      find: 'async lease(workspace, subject, classes) {',
      replace: `async lease(workspace, subject, classes) {
        if (this.#changes.state(workspace, subject) === 'destroyed')
            return { key: () => Buffer.alloc(32, 7), assertHeld() {}, release() {} };`,
    },
    caughtBy: 'nothing is written after the fence',
  },
  {
    name: 'the vault takes a destroyed key back',
    edit: {
      file: 'src/vault/storedKeys.js',
      find: 'WHEN OLD.destroyed = 1 AND (NEW.destroyed = 0',
      replace: 'WHEN 0 AND (NEW.destroyed = 0',
    },
    caughtBy: 'a destroyed key cannot be put back',
  },
  {
    name: 'the erasure takes everybody of the workspace along',
    edit: {
      file: 'projections/crm/contacts.js',
      find: '? remove(table, ofSubjectIn(event))',
      replace: "? remove(table, { scope: event.workspace, facet: 'live' })",
    },
    caughtBy: 'everybody else stays',
  },
];
