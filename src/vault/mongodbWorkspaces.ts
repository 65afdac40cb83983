import type { Collection } from 'mongodb';
import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import { ignoringDuplicates, type MongoDatabase, type Stored } from '../mongodb/database.js';
import type { KnownState } from './mongodbKeys.js';
import { type WorkspaceKeys, workspacePlace } from './storedKeys.js';
import { fingerprintOf, unwrapKey, wrapKey } from './wrap.js';

/** `_id` is the workspace. Keys are wrapped by the master key's, base64; `null` where there is none. */
export interface WorkspaceDocument extends Stored {
  readonly state: KnownState;
  /** There once every process has let go of it. */
  readonly fenced?: true;
  readonly fingerprint: string | null;
  readonly wrapped: string | null;
  /** The key that is about to take its place. */
  readonly next: string | null;
}

const KEY_BYTES = 32;

/** The keys of workspaces as documents. Every change is one conditional write of one document. */
export class MongoWorkspaceKeys {
  readonly #workspaces: Collection<WorkspaceDocument>;

  constructor(
    database: MongoDatabase,
    private readonly wrapping: Uint8Array,
    private readonly random: RandomBytes,
  ) {
    this.#workspaces = database.collection<WorkspaceDocument>('vault.workspaces');
  }

  find(workspace: string): Promise<WorkspaceDocument | null> {
    return this.#workspaces.findOne({ _id: workspace });
  }

  /** Any that has a key: to see whether it opens. */
  any(): Promise<WorkspaceDocument | null> {
    return this.#workspaces.findOne({ state: 'active' });
  }

  /** The workspace, made with a key where there is none. */
  async made(workspace: string): Promise<WorkspaceDocument> {
    const found = await this.find(workspace);
    if (found !== null) return found;
    const key = this.random(KEY_BYTES);
    const fingerprint = fingerprintOf(key).toString('hex');
    const wrapped = this.#wrapped(workspace, key);
    key.fill(0);
    const document: WorkspaceDocument = { _id: workspace, state: 'active', fingerprint, wrapped, next: null };
    await ignoringDuplicates(() => this.#workspaces.insertOne(document));
    return this.made(workspace);
  }

  /** The keys, unwrapped; `null` where there are none. Error: WRONG_MASTER_KEY. */
  opened({ _id, wrapped, next }: WorkspaceDocument): WorkspaceKeys | null {
    if (wrapped === null) return null;
    return { current: this.#unwrapped(_id, wrapped), next: next === null ? null : this.#unwrapped(_id, next) };
  }

  /** A workspace that was never seen is made as closing, so that it stays without a key. */
  async close(workspace: string): Promise<WorkspaceDocument> {
    await this.#workspaces.updateOne({ _id: workspace, state: 'active' }, { $set: { state: 'closing' } });
    const after = await this.find(workspace);
    if (after !== null && after.state !== 'active') return after;
    const document = { _id: workspace, state: 'closing', fingerprint: null, wrapped: null, next: null } as const;
    await ignoringDuplicates(() => this.#workspaces.insertOne(document));
    return this.close(workspace);
  }

  /** Every process has let go of it. */
  async noteFenced(workspace: string): Promise<void> {
    await this.#workspaces.updateOne({ _id: workspace }, { $set: { fenced: true } });
  }

  /** Removes its key, after which no key under it can be unwrapped. It has to be closing. */
  async destroy(workspace: string): Promise<void> {
    const gone = { state: 'destroyed', wrapped: null, next: null } as const;
    await this.#workspaces.updateOne({ _id: workspace, state: 'closing' }, { $set: gone });
  }

  /** Makes the key that is to take its place, if a change is not under way. Errors: NOT_FOUND, SUBJECT_ERASED. */
  async beginRotation(workspace: string): Promise<WorkspaceDocument & { readonly next: string }> {
    const next = this.random(KEY_BYTES);
    const change = { $set: { next: this.#wrapped(workspace, next) } };
    next.fill(0);
    await this.#workspaces.updateOne({ _id: workspace, state: 'active', next: null }, change);
    const after = await this.find(workspace);
    if (after === null) throw new CrmError('NOT_FOUND', { field: 'workspace' });
    if (after.state !== 'active') throw new CrmError('SUBJECT_ERASED');
    // Another process may have come to the end of its own change already.
    return after.next === null ? this.beginRotation(workspace) : { ...after, next: after.next };
  }

  /** Lets the new key take the place of the old one. */
  async finishRotation(workspace: string, next: string): Promise<void> {
    const key = this.#unwrapped(workspace, next);
    const fingerprint = fingerprintOf(key).toString('hex');
    key.fill(0);
    const change = { $set: { wrapped: next, next: null, fingerprint } };
    await this.#workspaces.updateOne({ _id: workspace, state: 'active', next }, change);
  }

  #wrapped(workspace: string, key: Uint8Array): string {
    return wrapKey(this.wrapping, workspacePlace(workspace), key, this.random).toString('base64');
  }

  #unwrapped(workspace: string, wrapped: string): Buffer {
    const key = unwrapKey(this.wrapping, workspacePlace(workspace), Buffer.from(wrapped, 'base64'));
    if (key === null) throw new CrmError('WRONG_MASTER_KEY');
    return key;
  }
}
