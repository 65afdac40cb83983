import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileLedger } from '../../src/ledger/file.js';
import { clock, ids, memoryOf } from '../ledger/records.js';
import { erasureLedgerContract } from './erasureLedger.js';

const file = (copied: boolean) => async () => {
  const root = mkdtempSync(join(tmpdir(), 'crm-ledger-'));
  const memory = memoryOf();
  const copyDirectory = copied ? join(root, 'copy') : undefined;
  return {
    open: () => openFileLedger({ directory: join(root, 'ledger'), copyDirectory, memory, clock, ids }),
    remove: async () => rmSync(root, { recursive: true }),
  };
};

erasureLedgerContract('A file', file(false));
erasureLedgerContract('A file with a copy', file(true));
