import { join } from 'node:path';

type Environment = { readonly [name: string]: string | undefined };

/**
 * The demo's environment: all that it keeps is in a directory, on this machine, and it sends nothing to anybody. So of
 * what is set here only where it listens and what it logs counts, and what is not yet thought of counts for nothing.
 */
export const demoEnvironment = ({ HOST, PORT, APP_URL, LOG_LEVEL }: Environment, directory: string): Environment => ({
  HOST,
  PORT,
  APP_URL,
  LOG_LEVEL,
  DATA_DIR: join(directory, 'data'),
  MASTER_KEY_FILE: join(directory, 'master.key'),
  ERASURE_LEDGER_DIR: join(directory, 'ledger'),
});
