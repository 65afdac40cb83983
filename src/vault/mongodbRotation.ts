import { CrmError } from '../errors.js';
import type { RandomBytes } from '../kernel/ids.js';
import type { RetentionClass } from '../kernel/personal.js';
import { endOf, startOf } from '../mongodb/texts.js';
import type { MongoSubjectKeys, StoredKey } from './mongodbKeys.js';
import { subjectPlace, type WorkspaceKeys } from './storedKeys.js';
import { unwrapKey, wrapKey } from './wrap.js';

/** Subjects rewrapped in one bulk write. */
const SUBJECTS_AT_ONCE = 250;

/** Wraps every key of a workspace under its next key. Can be repeated. Error: CORRUPT_STORE where one does not unwrap. */
export const rewrapSubjects = async (
  workspace: string,
  keys: WorkspaceKeys,
  subjects: MongoSubjectKeys,
  random: RandomBytes,
): Promise<void> => {
  const end = endOf(workspace);
  for (let last = startOf(workspace); ; ) {
    const some = await subjects.someAfter(last, end, SUBJECTS_AT_ONCE);
    if (some.length === 0) return;
    const changes = some.flatMap(({ _id: id, subject, keys: stored = {} }) =>
      (Object.entries(stored) as [RetentionClass, StoredKey][]).flatMap(([each, { wrapped: from }]) => {
        if (from === null) return [];
        const to = rewrapped(from, keys, subjectPlace({ workspace, subject, class: each }), random);
        return to === null ? [] : [{ id, class: each, from, to }];
      }),
    );
    await subjects.rewrap(changes);
    last = some.at(-1)!._id;
  }
};

/** `null` where it is under the next key already. */
const rewrapped = (
  from: string,
  { current, next }: WorkspaceKeys,
  place: readonly string[],
  random: RandomBytes,
): string | null => {
  if (next === null) throw new TypeError('There is no key to wrap under.');
  const wrapped = Buffer.from(from, 'base64');
  const done = unwrapKey(next, place, wrapped);
  done?.fill(0);
  if (done !== null) return null;
  const key = unwrapKey(current, place, wrapped);
  if (key === null) throw new CrmError('CORRUPT_STORE');
  const to = wrapKey(next, place, key, random).toString('base64');
  key.fill(0);
  return to;
};
