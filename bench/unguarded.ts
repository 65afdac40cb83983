import 'reflect-metadata';
import { bareSchema } from '../schema/build.js';
import type { Caller } from '../schema/caller.js';
import { Context } from '../schema/context.js';
import { Loaders } from '../schema/loaders.js';
import { createGraphqlServer } from '../schema/server.js';
import { readConfig } from '../src/app/config.js';
import { openInstallation } from '../src/app/openInstallation.js';
import { surfaceOf } from '../src/app/surface.js';

/*
 * The product without authorisation and access log, for `accessLog.ts` to hold it against: who asks is found out at the
 * first request and taken for granted from then on, no field asks what they may do, and no read is recorded.
 */

const config = readConfig(process.env);
const { installation, close } = await openInstallation(config);
let known: Promise<Context> | undefined;

const contextOf = async (caller: Caller): Promise<Context> => {
  known ??= Context.of(installation, caller);
  const context = await known;
  const { workspace } = context;
  const everything = () => true;
  const loaders = new Loaders(installation.readStore, () => workspace, everything, everything);
  return Object.assign(Object.create(Context.prototype) as Context, context, { loaders });
};

const schema = bareSchema();
const server = await createGraphqlServer({
  schema,
  surface: surfaceOf(config.surface, schema),
  contextOf,
  accountOf: (context) => context.actor,
  health: () => ({ ready: true }),
  logger: {
    info: () => undefined,
    warn: () => undefined,
    error: (fields) => process.stderr.write(`${JSON.stringify(fields)}\n`),
  },
});
process.once('SIGTERM', async () => {
  await server.close();
  await close();
  process.exit(0);
});
process.stdout.write(`ready ${await server.listen(config.host, config.port)}/graphql\n`);
