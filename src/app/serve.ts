import pino from 'pino';
import type { RunnerReport } from '../../projections/runner.js';
import { buildCrmSchema } from '../../schema/build.js';
import { Context } from '../../schema/context.js';
import { createGraphqlServer } from '../../schema/server.js';
import { isCrmError } from '../errors.js';
import type { Config } from './config.js';
import { type Installation, openInstallation } from './installation.js';
import { surfaceOf } from './surface.js';

export interface RunningServer {
  /** Of the GraphQL endpoint. */
  readonly url: string;
  readonly installation: Installation;
  close(): Promise<void>;
}

/** Opens the installation and answers on HOST and PORT. Errors: those of `openInstallation`, and the port's. */
export const serve = async (config: Config, masterKeyMade?: () => void): Promise<RunningServer> => {
  const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));
  const report = ({ kind, projection, position, error }: RunnerReport) => {
    const code = isCrmError(error) ? error.code : 'INTERNAL';
    logger.error({ kind, projection, position, code, stack: error instanceof Error ? error.stack : undefined });
  };
  // graphql-js forgets promises of a list whose later item fails at once; Node would end the process for them.
  process.on('unhandledRejection', (error) => {
    logger.error({ kind: 'unhandled-rejection', stack: error instanceof Error ? error.stack : undefined });
  });
  const schema = buildCrmSchema();
  const surface = surfaceOf(config.surface, schema);
  const { installation, close } = await openInstallation(config, { report, masterKeyMade });
  try {
    const server = await createGraphqlServer({
      schema,
      surface,
      contextOf: (caller) => Context.of(installation, caller),
      accountOf: (context) => (context.isSignedIn ? context.account : null),
      health: async () => healthOf(installation),
      logger,
      production: config.production,
    });
    const address = await server.listen(config.host, config.port);
    return {
      url: `${address}/graphql`,
      installation,
      close: async () => {
        await server.close();
        await close();
        logger.flush();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Ready means that every read model is fed; how far each is behind is told beside it. */
const healthOf = (installation: Installation) => {
  const projections = installation.projections.status();
  return { ready: projections.every(({ stopped }) => stopped === undefined), projections };
};
