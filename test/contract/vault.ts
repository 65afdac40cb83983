import { CrmError } from '../../src/errors.js';
import { type RetentionClass, retentionClasses } from '../../src/kernel/personal.js';
import type { SealingLease, Vault } from '../../src/vault/port.js';

/** One storage of an adapter: can be opened again and again, as after a restart. */
export interface VaultStorage {
  open(): Promise<Vault>;
  remove(): Promise<void>;
}

const W = 'workspace-1';
const erased = expect.objectContaining({ code: 'SUBJECT_ERASED' });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const hex = (key: Uint8Array | null | undefined) => (key ? Buffer.from(key).toString('hex') : key);

/** What every vault does. `start` makes an empty storage. */
export const vaultContract = (name: string, start: () => Promise<VaultStorage>): void => {
  describe(`${name} as a vault`, () => {
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
    const openingKey = async (subject: string, retentionClass: RetentionClass = 'profile', workspace = W) =>
      hex((await vault.openingKeys([{ workspace, subject, class: retentionClass }]))[0]);
    const erase = async (subject: string, classes?: readonly RetentionClass[]) => {
      await vault.close(W, subject);
      return vault.destroy(W, subject, classes);
    };

    test('what was sealed with a key opens with the same one, also after reopening', async () => {
      const key = await sealingKey('grace');
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      expect(await openingKey('grace')).toBe(key);
      expect(await sealingKey('grace')).toBe(key);
      await reopen();
      expect(await openingKey('grace')).toBe(key);
      expect(await sealingKey('grace')).toBe(key);
    });

    test('every subject, class and workspace has a key of its own', async () => {
      const keys = [
        await sealingKey('grace'),
        await sealingKey('ada'),
        await sealingKey('grace', 'financial'),
        await sealingKey('grace', 'profile', 'workspace-2'),
      ];
      expect(new Set(keys).size).toBe(4);
      expect(await openingKey('grace', 'profile', 'workspace-2')).toBe(keys[3]);
    });

    test('leases for one new subject at the same time get the same keys', async () => {
      const leases = await Promise.all(
        Array.from({ length: 32 }, () => vault.lease(W, 'grace', ['profile', 'content'])),
      );
      expect(new Set(leases.map((lease) => hex(lease.key('profile')))).size).toBe(1);
      expect(new Set(leases.map((lease) => hex(lease.key('content')))).size).toBe(1);
      for (const lease of leases) lease.release();
      await reopen();
      expect(await openingKey('grace')).toBe(await sealingKey('grace'));
    });

    test('a lease for more classes keeps the keys there are and makes those that are missing', async () => {
      const profile = await sealingKey('grace');
      const lease = await vault.lease(W, 'grace', ['profile', 'financial', 'financial']);
      expect(hex(lease.key('profile'))).toBe(profile);
      expect(hex(lease.key('financial'))).toBe(await openingKey('grace', 'financial'));
      lease.release();
    });

    test('a lease gives only the keys it was asked for, and none once it is released', async () => {
      await sealingKey('grace', 'financial');
      const lease = await vault.lease(W, 'grace', ['profile']);
      expect(() => lease.key('financial')).toThrow();
      lease.release();
      lease.release();
      expect(() => lease.key('profile')).toThrow();
    });

    test('keys to open with come in the order asked for, with null for what never was', async () => {
      const profile = await sealingKey('grace');
      const financial = await sealingKey('grace', 'financial');
      const refs = (['financial', 'content', 'profile', 'financial'] as const).map((each) => ({
        workspace: W,
        subject: 'grace',
        class: each,
      }));
      const keys = await vault.openingKeys([...refs, { workspace: 'nowhere', subject: 'grace', class: 'profile' }]);
      expect(keys.map(hex)).toEqual([financial, null, profile, financial, null]);
    });

    test('a subject goes from unknown over active and closing to destroyed, and stays there', async () => {
      expect(await vault.state(W, 'grace')).toBe('unknown');
      await sealingKey('grace');
      expect(await vault.state(W, 'grace')).toBe('active');
      await vault.close(W, 'grace');
      expect(await vault.state(W, 'grace')).toBe('closing');
      await vault.destroy(W, 'grace');
      expect(await vault.state(W, 'grace')).toBe('destroyed');
      await vault.close(W, 'grace');
      await reopen();
      expect(await vault.state(W, 'grace')).toBe('destroyed');
      await expect(sealingKey('grace')).rejects.toEqual(erased);
    });

    test('a closing subject gives no lease but still opens, also after a crash between closing and destroying', async () => {
      const key = await sealingKey('grace');
      await vault.close(W, 'grace');
      await expect(sealingKey('grace')).rejects.toEqual(erased);
      await expect(sealingKey('grace', 'content')).rejects.toEqual(erased);
      expect(await openingKey('grace')).toBe(key);
      await reopen();
      expect(await vault.state(W, 'grace')).toBe('closing');
      await expect(sealingKey('grace')).rejects.toEqual(erased);
      expect(await openingKey('grace')).toBe(key);
      expect(await vault.destroy(W, 'grace')).toHaveLength(1);
    });

    test('closing a subject that never was leaves a tombstone: nothing can be sealed for it later', async () => {
      await vault.close(W, 'grace');
      expect(await vault.state(W, 'grace')).toBe('closing');
      await reopen();
      await expect(sealingKey('grace')).rejects.toEqual(erased);
      expect(await vault.destroy(W, 'grace')).toEqual([]);
      expect(await vault.state(W, 'grace')).toBe('destroyed');
    });

    test('closing one subject leaves another, and its namesake in another workspace, alone', async () => {
      const ada = await sealingKey('ada');
      const elsewhere = await sealingKey('grace', 'profile', 'workspace-2');
      await sealingKey('grace');
      await erase('grace');
      expect(await sealingKey('ada')).toBe(ada);
      expect(await sealingKey('grace', 'profile', 'workspace-2')).toBe(elsewhere);
    });

    test('a destroyed key is gone from what opens, before and after reopening', async () => {
      await sealingKey('grace');
      await erase('grace');
      expect(await openingKey('grace')).toBeNull();
      await reopen();
      expect(await openingKey('grace')).toBeNull();
    });

    test('a destroyed key is zeroed where it was handed out', async () => {
      await sealingKey('grace');
      const [key] = await vault.openingKeys([{ workspace: W, subject: 'grace', class: 'profile' }]);
      await erase('grace');
      expect(hex(key)).toBe('00'.repeat(32));
    });

    test('a subject that is active or unknown cannot be destroyed', async () => {
      const key = await sealingKey('grace');
      await expect(vault.destroy(W, 'grace')).rejects.toThrow();
      await expect(vault.destroy(W, 'nobody')).rejects.toThrow();
      expect(await openingKey('grace')).toBe(key);
      expect(await vault.state(W, 'nobody')).toBe('unknown');
    });

    test('a partial destruction keeps the other classes openable, but nothing is ever sealed again', async () => {
      await sealingKey('grace');
      const financial = await sealingKey('grace', 'financial');
      const destroyed = await erase('grace', ['profile', 'content']);
      expect(destroyed.map((key) => key.class)).toEqual(['profile']);
      expect(await openingKey('grace')).toBeNull();
      expect(await openingKey('grace', 'financial')).toBe(financial);
      expect(await vault.state(W, 'grace')).toBe('closing');
      await expect(sealingKey('grace', 'financial')).rejects.toEqual(erased);
      await reopen();
      expect(await openingKey('grace', 'financial')).toBe(financial);
      await vault.destroy(W, 'grace', ['financial']);
      expect(await openingKey('grace', 'financial')).toBeNull();
      expect(await vault.state(W, 'grace')).toBe('destroyed');
    });

    test('[P7.3] which keys are destroyed is known for certain: none of somebody active, closing or unknown', async () => {
      const areDestroyed = (...subjects: string[]) =>
        vault.areDestroyed(
          subjects.flatMap((subject) =>
            (['profile', 'financial'] as const).map((each) => ({ workspace: W, subject, class: each })),
          ),
        );
      for (const subject of ['grace', 'ada', 'joan']) {
        await sealingKey(subject);
        await sealingKey(subject, 'financial');
      }
      await vault.close(W, 'ada');
      await erase('joan', ['profile']);
      const answers = [false, false, false, false, true, false, false, false];
      expect(await areDestroyed('grace', 'ada', 'joan', 'nobody')).toEqual(answers);
      await reopen();
      expect(await areDestroyed('grace', 'ada', 'joan', 'nobody')).toEqual(answers);
      await vault.destroy(W, 'joan');
      expect(await areDestroyed('joan', 'grace')).toEqual([true, true, false, false]);
      expect(await vault.areDestroyed([{ workspace: 'elsewhere', subject: 'joan', class: 'profile' }])).toEqual([
        false,
      ]);
      expect(await vault.areDestroyed([])).toEqual([]);
      await vault.closeWorkspace(W);
      expect(await areDestroyed('grace')).toEqual([false, false]);
      await vault.destroyWorkspace(W);
      expect(await areDestroyed('grace', 'nobody')).toEqual([true, true, true, true]);
    });

    test('destroying again answers with the same fingerprints, one for each key there was', async () => {
      for (const each of retentionClasses) await sealingKey('grace', each);
      const partly = await erase('grace', ['profile']);
      const first = await vault.destroy(W, 'grace');
      expect(first).toHaveLength(retentionClasses.length);
      expect(new Set(first.map((key) => key.fingerprint)).size).toBe(retentionClasses.length);
      expect(first).toEqual(expect.arrayContaining([...partly]));
      for (const key of first) {
        expect(key).toMatchObject({
          workspace: W,
          subject: 'grace',
          fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        });
      }
      await reopen();
      expect(await vault.destroy(W, 'grace')).toEqual(first);
    });

    test('closing waits for every lease that is out', async () => {
      const leases = await Promise.all([1, 2, 3].map(() => vault.lease(W, 'grace', ['profile'])));
      let closed = false;
      const closing = vault.close(W, 'grace').then(() => {
        closed = true;
      });
      const closingAgain = vault.close(W, 'grace').then(() => expect(closed).toBe(true));
      for (const lease of leases) {
        await expect(sealingKey('grace')).rejects.toEqual(erased);
        await expect(vault.destroy(W, 'ada')).rejects.toThrow();
        expect(closed).toBe(false);
        expect(hex(lease.key('profile'))).toMatch(/[1-9a-f]/);
        lease.release();
      }
      await Promise.all([closing, closingAgain]);
    });

    test('a lease that was asked for but not given when closing begins is not given any more', async () => {
      const leasing = vault.lease(W, 'grace', ['profile']);
      const closing = vault.close(W, 'grace');
      await expect(leasing).rejects.toEqual(erased);
      await closing;
      expect(await vault.state(W, 'grace')).toBe('closing');
    });

    test('destroying waits for the leases that closing waits for', async () => {
      const lease = await vault.lease(W, 'grace', ['profile']);
      const closing = vault.close(W, 'grace');
      let destroyed = false;
      const destroying = vault.destroy(W, 'grace').then(() => {
        destroyed = true;
      });
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      expect(destroyed).toBe(false);
      expect(hex(lease.key('profile'))).toMatch(/[1-9a-f]/);
      lease.release();
      await Promise.all([closing, destroying]);
      expect(await openingKey('grace')).toBeNull();
    });

    test('the fence holds under 64 concurrent lessees: none is let in once closing began, all are out when it ends', async () => {
      const subjects = ['grace', 'ada', 'joan', 'mary'];
      for (const subject of subjects) await fenceUnderLoad(vault, subject);
    });

    test('what was accepted is finished when the vault is shut, and nothing is accepted after', async () => {
      const accepted = vault.lease(W, 'grace', ['profile']).catch((error: unknown) => error);
      const closing = vault.close(W, 'ada');
      const shut = vault.shut();
      await closing;
      await shut;
      const answer = await accepted;
      if (answer instanceof Error) expect(answer).toMatchObject({ code: 'STORE_FAILED' });
      await expect(vault.lease(W, 'grace', ['profile'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(vault.openingKeys([])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await reopen();
      expect(await vault.state(W, 'ada')).toBe('closing');
    });

    test('shutting zeroes the keys that were handed out', async () => {
      const lease = await vault.lease(W, 'grace', ['profile']);
      const key = lease.key('profile');
      await vault.shut();
      expect(hex(key)).toBe('00'.repeat(32));
      lease.release();
    });
  });
};

/** 64 lessees seal in a loop, for old classes and new ones, while the subject is closed in their midst. */
const fenceUnderLoad = async (vault: Vault, subject: string): Promise<void> => {
  let closeCalled = false;
  let closeResolved = false;
  let granted = 0;
  let out = 0;
  let refused = 0;
  const seal = async (lease: SealingLease) => {
    granted++;
    out++;
    for (let turns = granted % 4; turns > 0; turns--) {
      await nextTurn();
      expect(closeResolved).toBe(false);
      expect(hex(lease.key('profile'))).toMatch(/[1-9a-f]/);
    }
    out--;
    lease.release();
  };
  const lessee = async (number: number) => {
    for (let round = 0; ; round++) {
      const calledAfterClose = closeCalled;
      const another = retentionClasses[(number + round) % retentionClasses.length]!;
      const lease = await vault.lease(W, subject, ['profile', another]).catch((error: unknown) => error);
      if (lease instanceof CrmError) {
        expect(lease.code).toBe('SUBJECT_ERASED');
        refused++;
        return;
      }
      // Closing is called in a turn of its own, so that whoever was let in before it has noticed by then.
      expect({ calledAfterClose, grantedAfterClose: closeCalled }).toEqual({
        calledAfterClose: false,
        grantedAfterClose: false,
      });
      await seal(lease as SealingLease);
    }
  };
  const lessees = Promise.all(Array.from({ length: 64 }, (_, number) => lessee(number)));
  while (granted < 640) await nextTurn();
  const closing = new Promise<void>((resolve, reject) => {
    setImmediate(() => {
      closeCalled = true;
      vault.close(W, subject).then(resolve, reject);
    });
  });
  await closing;
  closeResolved = true;
  expect(out).toBe(0);
  await lessees;
  expect(refused).toBe(64);
};
