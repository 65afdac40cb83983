import type { RetentionClass } from '../../src/kernel/personal.js';
import type { Vault } from '../../src/vault/port.js';
import type { VaultStorage } from './vault.js';

const W = 'workspace-1';
const OTHER = 'workspace-10';
const erased = expect.objectContaining({ code: 'SUBJECT_ERASED' });
const hex = (key: Uint8Array | null | undefined) => (key ? Buffer.from(key).toString('hex') : key);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** What every vault does with a whole workspace. `start` makes an empty storage. */
export const vaultWorkspacesContract = (name: string, start: () => Promise<VaultStorage>): void => {
  describe(`${name} as a vault of workspaces`, () => {
    let storage: VaultStorage;
    let vault: Vault;
    beforeEach(async () => {
      storage = await start();
      vault = await storage.open();
    });
    afterEach(async () => {
      await vault.shut();
      await storage.remove();
    });

    const reopen = async () => {
      await vault.shut();
      vault = await storage.open();
    };
    const sealingKey = async (subject: string, retentionClass: RetentionClass = 'profile', workspace = W) => {
      const lease = await vault.lease(workspace, subject, [retentionClass]);
      const key = hex(lease.key(retentionClass));
      lease.release();
      return key;
    };
    const openingKey = async (subject: string, workspace = W) =>
      hex((await vault.openingKeys([{ workspace, subject, class: 'profile' }]))[0]);
    const people = ['grace', 'ada', 'joan'];
    const keysOf = () => Promise.all(people.map((subject) => openingKey(subject)));

    test('[P7.3] destroying a workspace destroys every key under it with that one act, and no other workspace', async () => {
      for (const subject of people) await sealingKey(subject);
      const elsewhere = await sealingKey('grace', 'profile', OTHER);
      const [handedOut] = await vault.openingKeys([{ workspace: W, subject: 'grace', class: 'profile' }]);
      await vault.closeWorkspace(W);
      const destroyed = await vault.destroyWorkspace(W);
      expect(destroyed).toEqual({ workspace: W, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
      expect(hex(handedOut)).toBe('00'.repeat(32));
      expect(await keysOf()).toEqual([null, null, null]);
      await reopen();
      expect(await keysOf()).toEqual([null, null, null]);
      expect(await vault.destroyWorkspace(W)).toEqual(destroyed);
      expect(await openingKey('grace', OTHER)).toBe(elsewhere);
      expect(await sealingKey('grace', 'profile', OTHER)).toBe(elsewhere);
    });

    test('of a workspace that is closing or destroyed every subject is, and nothing is sealed for anybody in it', async () => {
      const key = await sealingKey('grace');
      await vault.closeWorkspace(W);
      const refusals = async (state: string) => {
        for (const subject of ['grace', 'somebody new', W]) {
          expect(await vault.state(W, subject)).toBe(state);
          await expect(sealingKey(subject)).rejects.toEqual(erased);
          await expect(sealingKey(subject, 'content')).rejects.toEqual(erased);
        }
      };
      await refusals('closing');
      expect(await openingKey('grace')).toBe(key);
      await reopen();
      await refusals('closing');
      await vault.destroyWorkspace(W);
      await refusals('destroyed');
      await reopen();
      await refusals('destroyed');
      expect(await vault.state(OTHER, 'grace')).toBe('unknown');
    });

    test('closing a workspace waits for every lease in it, and for no other', async () => {
      const leases = await Promise.all(people.map((subject) => vault.lease(W, subject, ['profile'])));
      const other = await vault.lease(OTHER, 'grace', ['profile']);
      const closingGrace = vault.close(W, 'grace');
      let closed = false;
      const closing = vault.closeWorkspace(W).then(() => {
        closed = true;
      });
      let destroyed = false;
      const destroying = closing
        .then(() => vault.destroyWorkspace(W))
        .then(() => {
          destroyed = true;
        });
      for (const lease of leases) {
        for (let turn = 0; turn < 5; turn++) await nextTurn();
        expect([closed, destroyed]).toEqual([false, false]);
        expect(hex(lease.key('profile'))).toMatch(/[1-9a-f]/);
        lease.release();
      }
      await Promise.all([closing, closingGrace, destroying]);
      expect(hex(other.key('profile'))).toMatch(/[1-9a-f]/);
      other.release();
    });

    test('a lease that was asked for but not given when its workspace is closed is not given any more', async () => {
      const leasing = vault.lease(W, 'grace', ['profile']);
      const closing = vault.closeWorkspace(W);
      await expect(leasing).rejects.toEqual(erased);
      await closing;
    });

    test('a workspace that is active or unknown cannot be destroyed; one that is closed unseen stays without a key', async () => {
      const key = await sealingKey('grace');
      await expect(vault.destroyWorkspace(W)).rejects.toThrow();
      await expect(vault.destroyWorkspace('nowhere')).rejects.toThrow();
      expect(await sealingKey('grace')).toBe(key);
      await vault.closeWorkspace('nowhere');
      await reopen();
      await expect(sealingKey('grace', 'profile', 'nowhere')).rejects.toEqual(erased);
      expect(await vault.destroyWorkspace('nowhere')).toEqual({ workspace: 'nowhere', fingerprint: null });
    });

    test("[P5.1] a workspace's key is changed without changing any subject's, while sealing and opening go on", async () => {
      const before = await Promise.all(people.map((subject) => sealingKey(subject)));
      const elsewhere = await sealingKey('grace', 'profile', OTHER);
      const rotating = vault.rotateWorkspaceKey(W);
      const meanwhile = await sealingKey('mary');
      expect(await keysOf()).toEqual(before);
      await rotating;
      const after = await sealingKey('jean');
      for (let round = 0; round < 2; round++) {
        expect(await keysOf()).toEqual(before);
        expect([await openingKey('mary'), await openingKey('jean')]).toEqual([meanwhile, after]);
        expect(await openingKey('grace', OTHER)).toBe(elsewhere);
        await reopen();
      }
      await vault.close(W, 'grace');
      await vault.destroy(W, 'grace');
      await vault.rotateWorkspaceKey(W);
      expect(await keysOf()).toEqual([null, before[1], before[2]]);
    });

    test('a workspace that is unknown or going has no key to change', async () => {
      await expect(vault.rotateWorkspaceKey(W)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await sealingKey('grace');
      await vault.closeWorkspace(W);
      await expect(vault.rotateWorkspaceKey(W)).rejects.toEqual(erased);
      await vault.destroyWorkspace(W);
      await expect(vault.rotateWorkspaceKey(W)).rejects.toEqual(erased);
    });
  });
};
