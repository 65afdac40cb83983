import type { OpenReadStore } from './readStore.js';
import { directory, people, person, writing } from './readStoreModel.js';

/** What every read store does that several processes share. */
export const fencesContract = (open: OpenReadStore): void => {
  const started = async () => {
    const store = open();
    const { build } = await writing(store, directory, people);
    const write = (id: string, from: string, to: string, fence: number | undefined) => {
      const rows = [{ table: people, key: id, before: null, after: person(id) }];
      return store.write([{ build, from, to, rows, fence }]);
    };
    return { store, build, write };
  };
  const refused = { code: 'CONFLICT' };

  test('who writes under a lower fence than somebody before is refused, though the checkpoint is where they left it', async () => {
    const { store, write } = await started();
    await write('p1', '', '1', 2);
    await expect(write('p2', '1', '2', 1)).rejects.toMatchObject(refused);
    await expect(write('p2', '1', '2', undefined)).rejects.toMatchObject(refused);
    await write('p3', '1', '2', 2);
    await write('p4', '2', '3', 3);
    const found = (await store.many(people, ['p1', 'p2', 'p3', 'p4'])).map((row) => row?.id);
    expect(found).toEqual(['p1', undefined, 'p3', 'p4']);
    expect((await store.builds('directory'))[0]!.checkpoint).toBe('3');
  });

  test('a batch without rows from a checkpoint to itself shuts out the holders of before', async () => {
    const { store, build, write } = await started();
    await write('p1', '', '1', 1);
    await store.write([{ build, from: '1', to: '1', rows: [], fence: 2 }]);
    await expect(write('p2', '1', '2', 1)).rejects.toMatchObject(refused);
    await expect(store.write([{ build, from: '1', to: '1', rows: [], fence: 1 }])).rejects.toMatchObject(refused);
    await expect(store.write([{ build, from: '0', to: '0', rows: [], fence: 3 }])).rejects.toMatchObject(refused);
    await write('p2', '1', '2', 2);
  });
};
