import { engineFaultsContract } from '../contract/engineFaults.js';
import { onDoubles } from '../support/doubles.js';

describe('a server on engines, on doubles of them,', () => {
  const locations = onDoubles();

  // In a block of its own: its server is stopped before what it runs on.
  describe('and faults of them', () => engineFaultsContract(locations));
});
