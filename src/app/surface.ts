import type { GraphQLSchema } from 'graphql';
import { readPersistedOperations } from '../../schema/persistedOperations.js';
import { defaultRates, type Rates } from '../../schema/rates.js';
import type { Surface } from '../../schema/surface.js';
import { readTls, type SurfaceConfig, textOf } from './surfaceConfig.js';

/** Seconds of its rate that a bucket holds where only the rate is set: a burst of half a minute. */
const BURST_S = 30;

/** The surface as configured, with what its files hold. Error: BAD_CONFIGURATION. */
export const surfaceOf = (config: SurfaceConfig, schema: GraphQLSchema): Surface => {
  const { persistedOperationsFile: file } = config;
  const persisted = file === undefined ? undefined : textOf(file, 'PERSISTED_OPERATIONS_FILE');
  return {
    tls: config.tls && readTls(config.tls),
    proxies: config.proxies,
    corsOrigins: config.corsOrigins,
    introspection: config.introspection,
    persistedOperations: persisted === undefined ? undefined : readPersistedOperations(persisted, schema),
    securityContact: config.securityContact,
    rates: ratesOf(config),
  };
};

/** The defaults, and in their proportions what is set otherwise. */
const ratesOf = ({ requestsPerSecond, costPerSecond }: SurfaceConfig): Rates => {
  const { requestsPerAddress, costPerAccount, costPerAddress } = defaultRates;
  const rate = (perSecond: number) => ({ perSecond, capacity: perSecond * BURST_S });
  const anonymous = costPerAddress.perSecond / costPerAccount.perSecond;
  return {
    requestsPerAddress: requestsPerSecond === undefined ? requestsPerAddress : rate(requestsPerSecond),
    costPerAccount: costPerSecond === undefined ? costPerAccount : rate(costPerSecond),
    costPerAddress: costPerSecond === undefined ? costPerAddress : rate(costPerSecond * anonymous),
  };
};
