import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { membersOf } from '../../projections/identity/members.js';
import { allWorkspaces } from '../../projections/identity/workspaces.js';
import { defaultRates } from '../../schema/rates.js';
import { assessed, type Facts, type Finding } from '../audit/assessment/checks.js';
import { assessmentDecider } from '../audit/assessment/decider.js';
import { takenAt } from '../backup/id.js';
import { backupsIn } from '../backup/open.js';
import { everyEvent } from '../eventstore/everyEvent.js';
import type { StoredEvent } from '../kernel/envelope.js';
import { OPERATOR } from '../kernel/workspace.js';
import type { Config } from './config.js';
import { filesIn } from './dataDir.js';
import type { Installation } from './installation.js';

export interface Assessment {
  readonly id: string;
  readonly recordedAt: string;
  readonly findings: readonly Finding[];
}

const DAY_MS = 24 * 3600 * 1000;
const PERMISSIONS = 0o777;
/** A registry that does not answer within this is not reachable. */
const ADVISORIES_TIMEOUT_MS = 30_000;

/** Looks at the installation as it runs, judges it and records the result in the history (P5.2). */
export const assess = async (installation: Installation, config: Config): Promise<Assessment> => {
  const findings = assessed(await factsOf(installation, config));
  const { eventStore, handler, ids } = installation;
  const id = ids.next();
  const context = { workspace: OPERATOR, controller: OPERATOR, actor: OPERATOR, commandId: null, correlationId: id };
  const command = { type: 'RecordAssessment', subject: id, findings } as const;
  const { stream } = await handler.handle(assessmentDecider, id, command, context);
  const [recorded] = await eventStore.readStream(stream);
  return asAssessment(recorded!);
};

const asAssessment = ({ subject, recordedAt, open }: StoredEvent): Assessment => ({
  id: subject,
  recordedAt,
  findings: open.findings as unknown as Finding[],
});

/** Every assessment so far, the oldest first. */
export const pastAssessments = async ({ eventStore }: Installation): Promise<readonly Assessment[]> => {
  const past: Assessment[] = [];
  for await (const event of everyEvent(eventStore, { types: ['AssessmentRecorded'] })) past.push(asAssessment(event));
  return past;
};

const factsOf = async (installation: Installation, config: Config): Promise<Facts> => {
  const { surface, dataDir, masterKeyFile, production } = config;
  const now = installation.clock.now();
  const projections = installation.projections.status();
  return {
    dataFiles: [dataDir, ...Object.values(filesIn(dataDir))].flatMap(modeOf),
    masterKey: keyFacts(masterKeyFile, now),
    transport: transportOf(config),
    certificateDaysLeft: surface.tls === undefined ? null : daysLeft(surface.tls.certFile, now),
    production,
    introspection: surface.introspection,
    rateFactor: Math.max(
      (surface.requestsPerSecond ?? 0) / defaultRates.requestsPerAddress.perSecond,
      (surface.costPerSecond ?? 0) / defaultRates.costPerAccount.perSecond,
    ),
    stoppedProjections: projections.filter(({ stopped }) => stopped !== undefined).length,
    lagSeconds: Math.max(0, ...projections.map(({ lagSeconds }) => lagSeconds)),
    adminsWithoutSecondFactor: await adminsWithoutSecondFactor(installation),
    backupAgeDays: backupAgeDays(config, now),
    advisories: await advisories(),
  };
};

/** Members looked at in each workspace. */
const MEMBERS_READ = 1_000;
const ADMIN_ROLES: ReadonlySet<string> = new Set(['OWNER', 'ADMIN']);

/** A passkey is both factors at once. */
const adminsWithoutSecondFactor = async ({ readStore, secondFactors, passkeys }: Installation): Promise<number> => {
  const accounts = new Set<string>();
  for (const { id } of await allWorkspaces(readStore)) {
    const { rows } = await membersOf(readStore, id, MEMBERS_READ);
    for (const { row } of rows) if (row.account && ADMIN_ROLES.has(row.role)) accounts.add(row.account);
  }
  const hasOne = async (account: string) =>
    (await secondFactors.required(account)) || (await passkeys.of(account)).length > 0;
  return (await Promise.all([...accounts].map(hasOne))).filter((has) => !has).length;
};

/** `null` where no directory is set. Where there is none in it, the days since 1970: older than any bound. */
const backupAgeDays = ({ backup: { directory } }: Config, now: number): number | null => {
  if (directory === undefined) return null;
  const latest = backupsIn(directory).at(-1);
  return (now - (latest === undefined ? 0 : takenAt(latest))) / DAY_MS;
};

const modeOf = (path: string) => (existsSync(path) ? [{ name: path, mode: statSync(path).mode & PERMISSIONS }] : []);

const keyFacts = (file: string, now: number): Facts['masterKey'] => {
  if (!existsSync(file)) return null;
  const { mode, mtimeMs } = statSync(file);
  return { mode: mode & PERMISSIONS, ageDays: (now - mtimeMs) / DAY_MS };
};

const LOOPBACK = /^(?:localhost|127\.[\d.]+|::1)$/;

const transportOf = ({ host, surface }: Config): Facts['transport'] => {
  if (surface.tls !== undefined) return 'tls';
  if (surface.proxies.length > 0) return 'proxy';
  return LOOPBACK.test(host) ? 'loopback' : 'plain';
};

const daysLeft = (certFile: string, now: number): number | null => {
  try {
    return (Date.parse(new X509Certificate(readFileSync(certFile)).validTo) - now) / DAY_MS;
  } catch {
    return null;
  }
};

/** As `npm audit` counts them; `null` where the registry cannot be reached or will not tell. */
const advisories = async (): Promise<number | null> => {
  const root = packageRoot();
  if (root === undefined) return null;
  const args = ['audit', '--json', '--omit=dev', '--fetch-retries=0', `--fetch-timeout=${ADVISORIES_TIMEOUT_MS}`];
  const ran = promisify(execFile)('npm', args, {
    cwd: root,
    timeout: 2 * ADVISORIES_TIMEOUT_MS,
    maxBuffer: 32 * 1024 ** 2,
  });
  // npm ends with 1 where it has found something, and with its report all the same.
  const { stdout } = await ran.catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  return severeIn(stdout);
};

/** High and critical vulnerabilities in the report of `npm audit --json`; `null` where it is none. */
export const severeIn = (report: string): number | null => {
  try {
    const { high, critical } = JSON.parse(report).metadata.vulnerabilities;
    return typeof high === 'number' && typeof critical === 'number' ? high + critical : null;
  } catch {
    return null;
  }
};

/** Where the lock file is: above this file, in the sources or in the build. */
const packageRoot = (): string | undefined =>
  ['../..', '../../..']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(`${path}/package-lock.json`));
