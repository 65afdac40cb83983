import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import type { RunnerReport } from '../../projections/runner.js';
import { buildCrmSchema } from '../../schema/build.js';
import { Context, readRecorder } from '../../schema/context.js';
import { serveCertificates } from '../../schema/privacy/certificates.js';
import { createGraphqlServer } from '../../schema/server.js';
import { CrmError, isCrmError } from '../errors.js';
import type { RefusedAccess, RefusedSignIn } from '../identity/access/refusedSignIns.js';
import { type Buckets, MemoryBuckets } from '../kernel/buckets.js';
import { systemClock } from '../kernel/clock.js';
import type { MailReport } from '../mail/queue.js';
import { assess } from './assess.js';
import { backupScheduleOf, TICK_MS } from './backupSchedule.js';
import type { Config } from './config.js';
import { serveControls } from './controlSocket.js';
import { closedUnlessLost } from './engineWatch.js';
import type { BackgroundReport, Installation } from './installation.js';
import { type Opened, openInstallation } from './openInstallation.js';
import { Opening } from './opening.js';
import { surfaceOf } from './surface.js';

export interface RunningServer {
  /** Of the GraphQL endpoint. */
  readonly url: string;
  /** Resolves once every store is open: until then it answers nothing but that it lives. Throws what will not pass by itself. */
  opened(): Promise<void>;
  /** Why it is not open yet: a code, and the variable of the store. */
  waitingFor(): Opening<Opened>['waitingFor'];
  close(): Promise<void>;
}

/**
 * Opens the installation and answers on HOST and PORT; where an engine cannot be reached, the other way round.
 * Errors: those of `openInstallation` that do not pass by themselves, and the port's.
 */
export const serve = async (config: Config, masterKeyMade?: () => void): Promise<RunningServer> => {
  const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));
  const report = (what: RunnerReport | MailReport | BackgroundReport | RefusedSignIn | RefusedAccess) => {
    if (!('error' in what)) return logger.warn(what);
    const { error, ...rest } = what;
    const code = isCrmError(error) ? error.code : 'INTERNAL';
    logger.error({ ...rest, code, stack: error instanceof Error ? error.stack : undefined });
  };
  // graphql-js forgets promises of a list whose later item fails at once; Node would end the process for them.
  process.on('unhandledRejection', (error) => {
    logger.error({ kind: 'unhandled-rejection', stack: error instanceof Error ? error.stack : undefined });
  });
  const schema = buildCrmSchema();
  const opening = new Opening({
    open: () => openInstallation(config, { report, masterKeyMade }),
    report: ({ code, details: { field } }) => logger.error({ kind: 'store-unavailable', code, store: field }),
    pause: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
  });
  const installation = (): Installation => {
    if (opening.opened === undefined) throw new CrmError('STORE_UNREACHABLE');
    return opening.opened.installation;
  };
  const surface = { ...surfaceOf(config.surface, schema), buckets: bucketsOf(opening) };
  await opening.start();
  try {
    const server = await createGraphqlServer({
      schema,
      surface,
      contextOf: async (caller) => Context.of(installation(), caller),
      reads: readRecorder,
      refused: (context, refused) => installation().accessRefused(context.actor, refused),
      accountOf: (context) => (context.isSignedIn ? context.actor : null),
      health: async () => healthOf(opening),
      routes: serveCertificates(() => installation().certificateKey),
      logger,
      production: config.production,
    });
    const address = await server.listen(config.host, config.port);
    const controls = await serveControls(config.dataDir, {
      assess: () => assess(installation(), config),
      compact: () => installation().compactions.run(),
      compaction: async () => installation().compactions.progress,
    });
    const backups = backupScheduleOf(config, systemClock, (error) => report({ kind: 'background-failed', error }));
    const tick = () => void (opening.opened && backups?.tick());
    const ticking = setInterval(tick, TICK_MS);
    void opening.settled().then(tick, () => undefined);
    return {
      url: `${address}/graphql`,
      opened: () => opening.settled(),
      waitingFor: () => opening.waitingFor,
      close: async () => {
        clearInterval(ticking);
        const close = async () => {
          await controls.close();
          await server.close();
          await opening.close();
        };
        const lost = async () => (opening.opened === undefined ? opening.waitingFor : opening.opened.engines.lost());
        if (!(await closedUnlessLost(close(), lost))) logger.error({ kind: 'closed-without-engine' });
        logger.flush();
      },
    };
  } catch (error) {
    await opening.close();
    throw error;
  }
};

/** The installation's, and until it is open this process's own. */
const bucketsOf = (opening: Opening<Opened>): Buckets => {
  const own = new MemoryBuckets(systemClock);
  const buckets = () => opening.opened?.installation.buckets ?? own;
  return {
    take: (key, rate, amount) => buckets().take(key, rate, amount),
    giveBack: (key, rate, amount) => buckets().giveBack(key, rate, amount),
  };
};

/** Ready means that every store is there and answers, and every read model is fed; how far each is behind is told beside it. */
const healthOf = async ({ opened, waitingFor }: Opening<Opened>) => {
  if (opened === undefined) return { ready: false, waitingFor };
  const projections = opened.installation.projections.status();
  const lost = await opened.engines.lost();
  const ready = lost === null && projections.every(({ stopped }) => stopped === undefined);
  return { ready, ...(lost && { waitingFor: lost }), projections };
};
