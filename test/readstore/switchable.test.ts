import { memoryReadStore } from '../../src/readstore/memory.js';
import { SwitchableReadStore } from '../../src/readstore/switchable.js';
import { directory, people, person, writing } from '../contract/readStoreModel.js';

const filled = async (name: string) => {
  const store = memoryReadStore();
  const writer = await writing(store, directory, people);
  await writer.write([person(name)]);
  return { store, build: writer.build };
};

const put = (name: string, build: Awaited<ReturnType<typeof filled>>['build'], to: string) => ({
  build,
  from: build.checkpoint,
  to,
  rows: [{ table: people, key: name, before: null, after: person(name) }],
});

test('a write that comes while the store is held waits, and goes to the store that took the place', async () => {
  const [old, next] = [await filled('old'), await filled('next')];
  const store = new SwitchableReadStore(old.store);
  const letGo = await store.hold();
  let written = false;
  const writing = store.write([put('late', next.build, '00000002')]).then(() => {
    written = true;
  });
  expect(await store.get(people, 'old')).not.toBeNull();
  expect(written).toBe(false);
  expect(store.replaceBy(next.store)).toBe(old.store);
  expect(await store.get(people, 'old')).toBeNull();
  expect(await store.get(people, 'next')).not.toBeNull();
  expect(written).toBe(false);
  letGo();
  await writing;
  expect(await next.store.get(people, 'late')).not.toBeNull();
  expect(await old.store.get(people, 'late')).toBeNull();
});

test('the store is held only when the writes under way have come to their end', async () => {
  const { store: inner, build } = await filled('old');
  let finish: () => void = () => undefined;
  const slow = Object.create(inner) as typeof inner;
  slow.write = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const store = new SwitchableReadStore(slow);
  const writing = store.write([put('late', build, '00000002')]);
  let held = false;
  const holding = store.hold().then(() => {
    held = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(held).toBe(false);
  finish();
  await writing;
  await holding;
  expect(held).toBe(true);
});

test('it is held by one at a time, and not replaced unless it is held', async () => {
  const { store: inner } = await filled('old');
  const store = new SwitchableReadStore(inner);
  expect(() => store.replaceBy(inner)).toThrow();
  const letGo = await store.hold();
  await expect(store.hold()).rejects.toThrow();
  letGo();
  await store.hold();
});
