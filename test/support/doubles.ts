import { type EngineLocations, freshName } from './engines.js';
import { type KurrentDouble, startKurrentDouble } from './kurrentDouble.js';
import { type MongoDouble, startMongoDouble } from './mongodbDouble.js';

/**
 * Runs doubles of both engines for the tests of a block, which may ask where they are. What is stopped after those tests
 * in a block of its own is stopped before them.
 */
export const onDoubles = (): (() => EngineLocations) => {
  let events: KurrentDouble;
  let documents: MongoDouble;
  const name = freshName();
  beforeAll(async () => {
    events = await startKurrentDouble();
    documents = await startMongoDouble();
  });
  afterAll(async () => {
    await events.stop();
    await documents.close();
  });
  return () => ({ events: events.url, documents: `${documents.url}/${name}` });
};
