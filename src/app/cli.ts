#!/usr/bin/env node
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { allWorkspaces, workspacesByIds } from '../../projections/identity/workspaces.js';
import { passed } from '../audit/restoreDrills/decider.js';
import { importContacts } from '../crm/imports/importContacts.js';
import { importDeals } from '../crm/imports/importDeals.js';
import type { ImportReport } from '../crm/imports/report.js';
import type { ImportFile } from '../crm/imports/source.js';
import { CrmError, isCrmError } from '../errors.js';
import { systemClock } from '../kernel/clock.js';
import { currency as currencyCode } from '../kernel/values.js';
import { OPERATOR } from '../kernel/workspace.js';
import { type Assessment, assess, pastAssessments } from './assess.js';
import { BACKUP_COMMANDS, latestBackup } from './backupCommands.js';
import { compactHere, compactRunning, pastCompactions } from './compactCommand.js';
import { type Config, readConfig } from './config.js';
import { askRunning } from './controlSocket.js';
import { lockDataDir } from './dataDir.js';
import type { Installation } from './installation.js';
import { outboxOf } from './mail.js';
import { move } from './move.js';
import { openInstallation } from './openInstallation.js';
import { markersIn, proveErasure } from './proveErasure.js';
import { drill, pastDrills, recordDrill } from './restoreDrill.js';
import { rotateMasterKey } from './rootKey.js';
import {
  assessmentInWords,
  compactionInWords,
  drillInWords,
  inWords,
  masterKeyMessage,
  progressBar,
  proofInWords,
  reportInWords,
} from './terminal.js';

const HELP = `crm <command> [options]     works on DATA_DIR; stop the server first

  import contacts FILE...     vCards (2.1, 3.0, 4.0) or CSV
  import deals                --deals FILE [--companies FILE] [--products FILE] [--agents FILE] [--currency USD]
  rebuild [PROJECTION...]     fills read models anew from the history
  status                      where every read model stands
  workspaces                  ids of all workspaces
  outbox                      mail that no server takes (without SMTP_URL); also beside a running server
  move --from URL [--to URL]  copies the history to another event store, sqlite:FILE or kurrentdb://…; without --to
                              to the one of EVENT_STORE_URL
  move --store state|vault --from sqlite:FILE [--to mongodb://…]     copies that store
  rotate-keys --master        puts a new master key in the place of the one there is
  rotate-keys --workspace ID  gives a workspace a new key
  assess                      checks the installation, also while it runs, and records the result; ends with 1 if anything is unmet
  assessments                 what was found before
  backup [--to DIR] [--keys-to DIR]     beside a running server too; BACKUP_DIR says where to otherwise
  restore --from BACKUP [--keys BACKUP] into an empty DATA_DIR; carries out again what was erased since
  restore-drill [--from BACKUP]         restores the latest, or that, on trial and records what came of it; ends with 1 if it failed
  restore-drills                        what came of those before
  compact                     removes for good what nobody can read any more; also beside a running server
  compactions                 what was removed before
  prove-erasure --contact ID [--markers FILE]   looks whether anything is left of an erased contact; with values known of
                              them, one a line, in every file and page too; ends with 1 if anything is found

options of import
  --workspace ID              where to; not needed where there is only one
  --map [KIND:]COLUMN=FIELD   says what a column is, counted from 1; an empty field leaves it out
  --encoding NAME             of the files; otherwise it is recognised
  --dry-run                   reads, checks and counts, and writes nothing
`;

const OPTIONS = {
  deals: { type: 'string' },
  companies: { type: 'string' },
  products: { type: 'string' },
  agents: { type: 'string' },
  currency: { type: 'string', default: 'USD' },
  workspace: { type: 'string' },
  map: { type: 'string', multiple: true, default: [] as string[] },
  encoding: { type: 'string' },
  master: { type: 'boolean', default: false },
  'keys-to': { type: 'string' },
  keys: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  contact: { type: 'string' },
  markers: { type: 'string' },
  store: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

type Options = ReturnType<typeof parse>['values'];
const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });

const usage = (reason: string): CrmError => new CrmError('BAD_CONFIGURATION', { reason });

const main = async (args: readonly string[]): Promise<void> => {
  const { values, positionals } = parse(args);
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) return void process.stdout.write(HELP);
  if (command === 'outbox') return showOutbox();
  if (command === 'move') return moved(await move(values, readConfig(process.env)));
  if (command === 'prove-erasure') return tellProof(values, readConfig(process.env));
  const alone = BACKUP_COMMANDS[command];
  if (alone !== undefined) return void process.stdout.write(`${await alone(readConfig(process.env), values)}\n`);
  const run = COMMANDS[command];
  if (run === undefined) throw usage('There is no such command; crm --help lists them.');
  const config = readConfig(process.env);
  if (command === 'rotate-keys' && values.master) return changeMasterKey(config);
  if (command === 'assess' && (await assessRunning(config))) return;
  if (command === 'compact' && (await compactRunning(config))) return;
  const masterKeyMade = () => process.stderr.write(masterKeyMessage(config));
  const opened = await openInstallation(config, { masterKeyMade });
  try {
    await run(opened.installation, values, rest, config);
  } finally {
    await opened.close();
  }
};

const showOutbox = async (): Promise<void> => {
  for (const { to, subject, text } of await outboxOf(readConfig(process.env))) {
    process.stdout.write(`To: ${to}\nSubject: ${subject}\n\n${text}\n`);
  }
};

/** Needs an installation that nobody has open, and opens none. */
const tellProof = async ({ contact, markers }: Options, config: Config): Promise<void> => {
  if (contact === undefined) throw usage('Whose? crm prove-erasure --contact ID');
  const proof = await proveErasure(config, contact, markers === undefined ? [] : markersIn(markers));
  process.stdout.write(`${proofInWords(proof)}\n`);
  if (proof.looked.some(({ found }) => found.length > 0)) process.exitCode = 1;
};

/** Without what was said on the command line: a URL may hold a password. */
const moved = (what: string): void => {
  process.stdout.write(
    `moved ${what} and found them the same at both ends\nSet the store's URL to where they are now; where it is the history, the first start fills the read models anew.\n`,
  );
};

const COMMANDS: {
  readonly [command: string]: (
    installation: Installation,
    options: Options,
    rest: readonly string[],
    config: Config,
  ) => Promise<void>;
} = {
  async import(installation, options, [kind, ...files]) {
    const report = kind === 'contacts' ? contacts : kind === 'deals' ? deals : undefined;
    if (report === undefined) throw usage('Import what? contacts or deals.');
    process.stdout.write(`${await report(installation, options, files)}\n`);
  },

  async rebuild(installation, _options, names) {
    const all = installation.projections.status().map(({ projection }) => projection);
    for (const name of names.length > 0 ? names : all) {
      if (!all.includes(name)) throw usage('There is no such projection; crm status lists them.');
      await installation.rebuild(name);
      process.stdout.write(`rebuilt ${name}\n`);
    }
  },

  async 'rotate-keys'(installation, { workspace }) {
    if (workspace === undefined) throw usage('Which keys? rotate-keys --master, or --workspace ID.');
    await installation.keys.rotateWorkspaceKey(workspace);
    process.stdout.write(`The workspace has a new key.\n`);
  },

  async status(installation) {
    await installation.caughtUp();
    for (const { projection, version, checkpoint, stopped } of installation.projections.status()) {
      const where = stopped === undefined ? 'level' : `stopped at ${stopped.position}: ${stopped.code}`;
      process.stdout.write(`${projection} v${version} at ${checkpoint || 'the start'}, ${where}\n`);
    }
  },

  async workspaces(installation) {
    await installation.caughtUp();
    for (const { id } of await allWorkspaces(installation.readStore)) process.stdout.write(`${id}\n`);
  },

  async assess(installation, _options, _rest, config) {
    await installation.caughtUp();
    tell(await assess(installation, config));
  },

  async 'restore-drill'(installation, options, _rest, config) {
    const result = await drill(config, options.from ?? latestBackup(config), systemClock);
    const recordedAt = await recordDrill(installation, result);
    process.stdout.write(`${drillInWords({ ...result, recordedAt })}\n`);
    if (!passed(result)) process.exitCode = 1;
  },

  async 'restore-drills'(installation) {
    for (const each of await pastDrills(installation)) process.stdout.write(`${drillInWords(each)}\n`);
  },

  async compact(installation) {
    await compactHere(installation);
  },

  async compactions(installation) {
    for (const each of await pastCompactions(installation)) process.stdout.write(`${compactionInWords(each)}\n`);
  },

  async assessments(installation) {
    for (const assessment of await pastAssessments(installation)) {
      process.stdout.write(`${assessmentInWords(assessment)}\n\n`);
    }
  },
};

/** Answers whether a server runs on the directory, and if so has it assess itself. */
const assessRunning = async ({ dataDir }: Config): Promise<boolean> => {
  const assessment = await askRunning<Assessment>(dataDir, 'assess');
  if (assessment !== undefined) tell(assessment);
  return assessment !== undefined;
};

const tell = (assessment: Assessment): void => {
  process.stdout.write(`${assessmentInWords(assessment)}\n`);
  if (assessment.findings.some(({ verdict }) => verdict === 'unmet')) process.exitCode = 1;
};

/** Needs none of the stores, and so opens none. */
const changeMasterKey = async (config: Config): Promise<void> => {
  const lock = lockDataDir(config.dataDir);
  try {
    await rotateMasterKey(config);
  } finally {
    lock.release();
  }
  process.stdout.write(
    'The master key was changed: keep a copy of the new one, and of the keyring, apart from the data.\n',
  );
};

const contacts = async (installation: Installation, options: Options, files: readonly string[]): Promise<string> => {
  if (files.length === 0) throw usage('Which files? crm import contacts FILE...');
  const reports: string[] = [];
  for (const file of files) {
    const parts = await partsFor(installation, options, file);
    const report = await importContacts(await fileAt(file, 'contact', options), parts);
    reports.push(`${file}\n${await finished(report, installation)}`);
  }
  return reports.join('\n');
};

const deals = async (installation: Installation, options: Options): Promise<string> => {
  if (options.deals === undefined) throw usage('Which file? crm import deals --deals FILE');
  if (!currencyCode.safeParse(options.currency).success) throw usage('--currency takes a code like EUR.');
  const optional = (file: string | undefined, kind: string) =>
    file === undefined ? undefined : fileAt(file, kind, options);
  const files = {
    deals: await fileAt(options.deals, 'deal', options),
    companies: await optional(options.companies, 'company'),
    products: await optional(options.products, 'product'),
    agents: await optional(options.agents, 'agent'),
  };
  const parts = await partsFor(installation, options, 'deals');
  return finished(await importDeals(files, { currency: options.currency }, parts), installation);
};

const partsFor = async (installation: Installation, options: Options, label: string) => {
  await installation.caughtUp();
  const workspace = options.workspace ?? (await onlyWorkspace(installation));
  const [known] = await workspacesByIds(installation.readStore, [workspace]);
  if (!known) throw usage('There is no such workspace; crm workspaces lists them.');
  const correlationId = installation.ids.next();
  const context = { workspace, controller: workspace, actor: OPERATOR, commandId: null, correlationId };
  const bar = progressBar(label);
  const progress = (done: number, total: number) => {
    bar.update(done, total);
    if (done === total) bar.end();
  };
  return { ...installation.importParts(context, options['dry-run']), progress };
};

const onlyWorkspace = async (installation: Installation): Promise<string> => {
  const [only, ...others] = await allWorkspaces(installation.readStore);
  if (only === undefined) throw usage('There is no workspace yet: start the server and sign up.');
  if (others.length > 0)
    throw usage('There are several workspaces: say which with --workspace; crm workspaces lists them.');
  return only.id;
};

const finished = async (report: ImportReport, installation: Installation): Promise<string> => {
  await installation.caughtUp();
  return reportInWords(report);
};

const fileAt = async (path: string, kind: string, options: Options): Promise<ImportFile> => {
  const bytes = await readFile(path).catch((cause) => {
    throw new CrmError('BAD_CONFIGURATION', { reason: 'A file that was named cannot be read.' }, { cause });
  });
  const mapping = options.map.flatMap((text) => {
    const match = /^(?:(\w+):)?(\d+)=(.*)$/.exec(text);
    if (match === null) throw usage('--map takes [KIND:]COLUMN=FIELD.');
    const [, ofKind, column, field] = match;
    return ofKind === undefined || ofKind === kind ? [{ column: Number(column), field: field || null }] : [];
  });
  return { name: `${kind} file`, bytes, encoding: options.encoding, mapping };
};

main(process.argv.slice(2)).catch((error: unknown) => {
  const said = isCrmError(error) ? inWords(error) : error instanceof Error ? error.message : 'failed';
  process.stderr.write(`crm: ${said}\n`);
  process.exitCode = 1;
});
