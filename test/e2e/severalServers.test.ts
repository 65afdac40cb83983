import { severalServersContract } from '../contract/severalServers.js';
import { freshName } from '../support/engines.js';
import { type KurrentDouble, startKurrentDouble } from '../support/kurrentDouble.js';
import { type MongoDouble, startMongoDouble } from '../support/mongodbDouble.js';

describe('two servers on one set of engines, on doubles of them,', () => {
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

  // In a block of its own: its servers are stopped before what they run on.
  describe('together', () => severalServersContract(() => ({ events: events.url, documents: url })));
});
