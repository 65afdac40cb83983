import type { ReadStore } from '../../src/readstore/port.js';
import { buildsContract } from './readStoreBuilds.js';
import { fencesContract } from './readStoreFences.js';
import { listingContract } from './readStoreListing.js';
import { pagesContract } from './readStorePages.js';
import { rowsContract } from './readStoreRows.js';

/** Opens an empty store; what is opened is closed by the caller of the contract after each test. */
export type OpenReadStore = () => ReadStore;

/** What every read store does, whatever the engine (design.md, "Ports" and "Projections"). */
export const readStoreContract = (name: string, open: OpenReadStore): void => {
  describe(`${name} keeps rows`, () => rowsContract(open));
  describe(`${name} pages`, () => pagesContract(open));
  describe(`${name} lists`, () => listingContract(open));
  describe(`${name} builds`, () => buildsContract(open));
};

/** What a read store does besides where several processes share it. */
export const sharedReadStoreContract = (name: string, open: OpenReadStore): void => {
  readStoreContract(name, open);
  describe(`${name} is fenced`, () => fencesContract(open));
};
