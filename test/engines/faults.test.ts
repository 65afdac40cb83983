import { engineFaultsContract } from '../contract/engineFaults.js';
import { freshName, inDatabase, onEngines } from '../support/engines.js';

onEngines(['KurrentDB', 'MongoDB'], 'a server and faults of real engines', (urls) => {
  const name = freshName();
  engineFaultsContract(() => ({ events: urls.KurrentDB, documents: inDatabase(urls.MongoDB, name) }));
});
