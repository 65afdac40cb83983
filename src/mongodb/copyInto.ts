import type { Collection } from 'mongodb';
import { CrmError } from '../errors.js';
import { canonicalJson, type Json } from '../kernel/canonical.js';
import { connectMongo, type Kept, type MongoDatabase, type Stored } from './database.js';

const INSERTED_AT_ONCE = 500;

/** What goes into one collection. */
export interface Copy {
  readonly collection: string;
  readonly documents: readonly Stored[];
}

/**
 * Copies documents into collections that hold nothing else, and reads them again: every one has to be there, as it is.
 * Taken up again it goes on where it was. Answers how many there are.
 * Errors: FOREIGN_STORE where anything else is there, and then nothing is written; as `connectMongo` and its database.
 */
export const copyInto = async (
  { url, kept }: { readonly url: string; readonly kept: Kept },
  copies: readonly Copy[],
  progress: (done: number, total: number) => void,
): Promise<number> => {
  const database = await connectMongo(url, kept);
  try {
    return await database.run(() => copyAll(database, copies, progress));
  } finally {
    await database.close();
  }
};

const copyAll = async (
  database: MongoDatabase,
  copies: readonly Copy[],
  progress: (done: number, total: number) => void,
): Promise<number> => {
  const wanted = copies.map(({ collection, documents }) => ({
    collection: database.collection(collection),
    documents,
    texts: new Map(documents.map((each) => [each._id, textOf(each)])),
  }));
  const there: ReadonlySet<string>[] = [];
  for (const { collection, texts } of wanted) there.push(await idsIn(collection, texts));
  const total = copies.reduce((sum, { documents }) => sum + documents.length, 0);
  let done = there.reduce((sum, ids) => sum + ids.size, 0);
  progress(done, total);
  for (const [at, { collection, documents }] of wanted.entries()) {
    const missing = documents.filter(({ _id }) => !there[at]!.has(_id));
    for (let from = 0; from < missing.length; from += INSERTED_AT_ONCE) {
      const some = missing.slice(from, from + INSERTED_AT_ONCE);
      await collection.insertMany([...some]);
      done += some.length;
      progress(done, total);
    }
  }
  for (const { collection, texts } of wanted) {
    if ((await idsIn(collection, texts)).size !== texts.size) throw another();
  }
  return total;
};

const textOf = (document: Stored): string => canonicalJson(document as unknown as Json);

/** Error: FOREIGN_STORE where a document is none of these. */
const idsIn = async (
  collection: Collection<Stored>,
  texts: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>();
  for await (const document of collection.find({})) {
    if (texts.get(document._id) !== textOf(document)) throw another();
    ids.add(document._id);
  }
  return ids;
};

const another = (): CrmError =>
  new CrmError('FOREIGN_STORE', { field: 'to', reason: 'The store to move to holds something else than this one.' });
