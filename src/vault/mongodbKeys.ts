import type { Collection } from 'mongodb';
import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { RetentionClass } from '../kernel/personal.js';
import { ignoringDuplicates, isDuplicate, type MongoDatabase, type Stored } from '../mongodb/database.js';
import { joined } from '../mongodb/texts.js';
import type { DestroyedKey, SubjectState } from './port.js';
import { subjectPlace } from './storedKeys.js';
import { fingerprintOf, wrapKey } from './wrap.js';

export type KnownState = Exclude<SubjectState, 'unknown'>;

/** A key, wrapped by its workspace's, base64; `null` once it is destroyed. `fingerprint`: hex. */
export interface StoredKey {
  readonly fingerprint: string;
  readonly wrapped: string | null;
}

/** `_id` joins workspace and subject. */
export interface SubjectDocument extends Stored {
  readonly workspace: string;
  readonly subject: string;
  readonly state: KnownState;
  /** There once every process has let go of it. */
  readonly fenced?: true;
  readonly keys?: { readonly [retentionClass in RetentionClass]?: StoredKey };
}

const KEY_BYTES = 32;

/**
 * The keys of subjects as documents. Every change is one conditional write of one document, so that nobody needs a
 * transaction. Fingerprints of what was destroyed are kept apart, and before a key goes: a document that somebody brings
 * back, from a backup or by hand, opens nothing.
 */
export class MongoSubjectKeys {
  readonly #subjects: Collection<SubjectDocument>;
  readonly #destroyed: Collection<Stored>;

  constructor(
    database: MongoDatabase,
    private readonly random: RandomBytes,
  ) {
    this.#subjects = database.collection<SubjectDocument>('vault.subjects');
    this.#destroyed = database.collection<Stored>('vault.destroyed');
  }

  find(workspace: string, subject: string): Promise<SubjectDocument | null> {
    return this.#subjects.findOne({ _id: joined(workspace, subject) });
  }

  /** Those that there are, in any order. */
  async findAll(ids: readonly string[]): Promise<readonly SubjectDocument[]> {
    if (ids.length === 0) return [];
    return this.#subjects.find({ _id: { $in: [...ids] } }, { batchSize: ids.length + 1 }).toArray();
  }

  /** Which of these fingerprints are of keys that were destroyed. */
  async destroyedAmong(fingerprints: readonly string[]): Promise<ReadonlySet<string>> {
    if (fingerprints.length === 0) return new Set();
    const found = this.#destroyed.find({ _id: { $in: [...fingerprints] } }, { batchSize: fingerprints.length + 1 });
    return new Set((await found.toArray()).map(({ _id }) => _id));
  }

  /** From here on they are refused for ever. */
  async noteDestroyed(fingerprints: readonly string[]): Promise<void> {
    if (fingerprints.length === 0) return;
    const documents = fingerprints.map((_id) => ({ _id }));
    await ignoringDuplicates(() => this.#destroyed.insertMany(documents, { ordered: false }));
  }

  /**
   * Makes the keys that are missing, wrapped under `workspaceKey`, and the subject with them. Of several processes that
   * make one at the same time one wins. Errors: SUBJECT_ERASED, KEY_DESTROYED.
   */
  async makeMissing(
    workspace: string,
    subject: string,
    classes: readonly RetentionClass[],
    workspaceKey: Uint8Array,
  ): Promise<void> {
    const _id = joined(workspace, subject);
    for (;;) {
      const before = await this.#subjects.findOne({ _id });
      if (before !== null && before.state !== 'active') throw new CrmError('SUBJECT_ERASED');
      const missing = [...new Set(classes)].filter((each) => before?.keys?.[each] === undefined);
      if (before !== null && missing.length === 0) return;
      const made = missing.map((each) => [each, this.#makeKey(workspace, subject, each, workspaceKey)] as const);
      const destroyed = await this.destroyedAmong(made.map(([, { fingerprint }]) => fingerprint));
      // Only a broken source of randomness, or a machine set back to an old image, brings a key a second time.
      if (destroyed.size > 0) throw new CrmError('KEY_DESTROYED');
      const none = Object.fromEntries(made.map(([each]) => [`keys.${each}`, { $exists: false }]));
      const added = Object.fromEntries(made.map(([each, key]) => [`keys.${each}`, key]));
      try {
        await this.#subjects.updateOne(
          { _id, state: 'active', ...none },
          { $set: { workspace, subject, ...added } },
          { upsert: true },
        );
        return;
      } catch (error) {
        // Closed, or given one of these keys by another process, since it was read.
        if (!isDuplicate(error)) throw error;
      }
    }
  }

  /** From active to closing; a subject that was never seen is made as closing, so that it stays without keys. */
  async close(workspace: string, subject: string): Promise<SubjectDocument> {
    const _id = joined(workspace, subject);
    for (;;) {
      await this.#subjects.updateOne({ _id, state: 'active' }, { $set: { state: 'closing' } });
      const after = await this.#subjects.findOne({ _id });
      if (after !== null && after.state !== 'active') return after;
      await ignoringDuplicates(() => this.#subjects.insertOne({ _id, workspace, subject, state: 'closing' }));
    }
  }

  /** Every process has let go of it. */
  async noteFenced(workspace: string, subject: string): Promise<void> {
    await this.#subjects.updateOne({ _id: joined(workspace, subject) }, { $set: { fenced: true } });
  }

  /**
   * Removes the keys of these classes, or all; the subject is destroyed with the last of them. It has to be closing.
   * Answers with those that are destroyed now, whether by this call or before.
   */
  async destroy(
    { _id, workspace, subject, keys = {} }: SubjectDocument,
    classes?: readonly RetentionClass[],
  ): Promise<readonly DestroyedKey[]> {
    const all = Object.entries(keys) as [RetentionClass, StoredKey][];
    const named = all.filter(([each]) => classes === undefined || classes.includes(each));
    await this.noteDestroyed(named.map(([, { fingerprint }]) => fingerprint));
    if (named.length > 0) {
      const gone = Object.fromEntries(named.map(([each]) => [`keys.${each}.wrapped`, null]));
      await this.#subjects.updateOne({ _id }, { $set: gone });
    }
    const left = Object.values((await this.#subjects.findOne({ _id }))?.keys ?? {});
    if (left.every(({ wrapped }) => wrapped === null)) {
      await this.#subjects.updateOne({ _id, state: 'closing' }, { $set: { state: 'destroyed' } });
    }
    return named.map(([each, { fingerprint }]) => ({ workspace, subject, class: each, fingerprint }));
  }

  /** Some subjects of a workspace in order, those after `id` (empty: from the first) and before `end`. */
  someAfter(id: string, end: string, limit: number): Promise<readonly SubjectDocument[]> {
    return this.#subjects
      .find({ _id: { $gt: id, $lt: end } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray();
  }

  /** Puts a key wrapped anew in the place of the one as it was: one that was destroyed meanwhile stays so. */
  async rewrap(
    changes: readonly { readonly id: string; readonly class: RetentionClass; from: string; to: string }[],
  ): Promise<void> {
    if (changes.length === 0) return;
    await this.#subjects.bulkWrite(
      changes.map(({ id, class: each, from, to }) => ({
        updateOne: {
          filter: { _id: id, [`keys.${each}.wrapped`]: from },
          update: { $set: { [`keys.${each}.wrapped`]: to } },
        },
      })),
      { ordered: false },
    );
  }

  #makeKey(workspace: string, subject: string, each: RetentionClass, workspaceKey: Uint8Array): StoredKey {
    const key = this.random(KEY_BYTES);
    const wrapped = wrapKey(workspaceKey, subjectPlace({ workspace, subject, class: each }), key, this.random);
    const fingerprint = fingerprintOf(key).toString('hex');
    key.fill(0);
    return { fingerprint, wrapped: wrapped.toString('base64') };
  }
}
