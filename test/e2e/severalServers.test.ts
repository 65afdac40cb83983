import { severalServersContract } from '../contract/severalServers.js';
import { onDoubles } from '../support/doubles.js';

describe('two servers on one set of engines, on doubles of them,', () => {
  const locations = onDoubles();

  // In a block of its own: its servers are stopped before what they run on.
  describe('together', () => severalServersContract(locations));
});
