import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileLedger } from '../../src/ledger/file.js';
import { openSharedLedger } from '../../src/ledger/shared.js';
import { clock, ids, memoryOf } from '../ledger/records.js';
import { erasureLedgerContract } from './erasureLedger.js';

const pause = () => new Promise((resolve) => setImmediate(resolve));
const file =
  (copied: boolean, shared = false) =>
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'crm-ledger-'));
    const memory = memoryOf();
    const copyDirectory = copied ? join(root, 'copy') : undefined;
    return {
      open: () => {
        const options = { directory: join(root, 'ledger'), copyDirectory, memory, clock, ids };
        return shared ? openSharedLedger({ ...options, pause }) : openFileLedger(options);
      },
      remove: async () => rmSync(root, { recursive: true }),
    };
  };

erasureLedgerContract('A file', file(false));
erasureLedgerContract('A file with a copy', file(true));
erasureLedgerContract('A file that several share', file(true, true));
