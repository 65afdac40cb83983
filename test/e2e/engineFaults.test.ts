import { engineFaultsContract } from '../contract/engineFaults.js';
import { freshName } from '../support/engines.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';

describe('a server on engines, on doubles of them,', () => {
  let events: KurrentDouble;
  let documents: MongoDouble;
  let url: string;
  beforeAll(async () => {
    events = await startKurrentDouble();
    documents = await startMongoDouble();
    url = `${documents.url}/${freshName()}`;
  });
  afterAll(async () => {
    await events.stop();
    await documents.close();
  });

  // In a block of its own: its server is stopped before what it runs on.
  describe('and faults of them', () => engineFaultsContract(() => ({ events: events.url, documents: url })));
});
