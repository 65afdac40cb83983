import type { RandomBytes } from '../kernel/ids.js';
import type { RetentionClass } from '../kernel/personal.js';
import { endOf, startOf } from '../mongodb/texts.js';
import type { MongoSubjectKeys, StoredKey } from './mongodbKeys.js';
import { type ChangingKeys, rewrapKey, subjectPlace } from './storedKeys.js';

/** Subjects rewrapped in one bulk write. */
const SUBJECTS_AT_ONCE = 250;

/** Wraps every key of a workspace under its next key. Can be repeated. Error: CORRUPT_STORE where one does not unwrap. */
export const rewrapSubjects = async (
  workspace: string,
  keys: ChangingKeys,
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
        const place = subjectPlace({ workspace, subject, class: each });
        const to = rewrapKey(keys, place, Buffer.from(from, 'base64'), random);
        return to === null ? [] : [{ id, class: each, from, to: to.toString('base64') }];
      }),
    );
    await subjects.rewrap(changes);
    last = some.at(-1)!._id;
  }
};
