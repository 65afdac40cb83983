import type { Edit } from './sabotage.js';

const ERASE = 'src/privacy/erasure/erase.js';
const ERASURES = 'src/privacy/erasure/erasures.js';
const REWRITE = 'src/app/rewriteReadStore.js';

const after = (file: string, find: string, step: string): Edit => ({
  file,
  find,
  replace: `${find} killPoint('${step}');`,
});
const before = (file: string, find: string, step: string): Edit => ({
  file,
  find,
  replace: `killPoint('${step}'); ${find}`,
});
const imported = (file: string, find: string): Edit => ({
  file,
  find,
  replace: `import { killPoint } from '${file === REWRITE ? '..' : '../..'}/killPoint.js';\n${find}`,
});

/** Ends the process as `kill -9` does where the file that `KILL_AT_FILE` names says so. */
export const killPointModule = {
  'src/killPoint.js': `import { existsSync, readFileSync } from 'node:fs';
export const killPoint = (step) => {
  const file = process.env.KILL_AT_FILE;
  if (existsSync(file) && readFileSync(file, 'utf8') === step) process.kill(process.pid, 'SIGKILL');
};
`,
};

/** The places on the way of an erasure that no receipt names. */
const betweenReceipts: readonly Edit[] = [
  after(ERASE, 'await this.parts.stateStore.put(INTENTS, order.subject, intent);', 'INTENT_NOTED'),
  after(
    ERASE,
    'const destroyed = await this.parts.vault.destroy(workspace, subject, classes ?? undefined);',
    'OVERWRITTEN',
  ),
  before(ERASE, 'await stateStore.remove(INTENTS, order.subject);', 'COMPLETED'),
  after(ERASURES, 'await handler.handle(erasureDecider, erasure, command, context);', 'REQUESTED'),
  after(
    ERASURES,
    'const carried = await eraser.erase(order, { ...unnamed, workspace: workspaceOf(target, context), controller });',
    'CARRIED_OUT',
  ),
  before(
    ERASURES,
    'const data = { subject: workspace, target: target.subject, certificate, keyId, signature };',
    'SIGNED',
  ),
  after(REWRITE, 'const [from, to] = [await files.current(), await files.begin()];', 'NEW_KEY_MADE'),
  after(REWRITE, 'await this.parts.files.switchTo(file, cleanUpTo);', 'SWITCHED'),
  after(REWRITE, 'await files.destroyOthers();', 'OLD_FILE_DESTROYED'),
];

const receipt = 'add(step, name, count) {';

/** Changes after which the product ends at a step when it is told to. */
export const killPointEdits: readonly Edit[] = [
  imported(ERASE, "import { CrmError } from '../../errors.js';"),
  imported(ERASURES, "import { CrmError } from '../../errors.js';"),
  imported(REWRITE, "import { CrmError } from '../errors.js';"),
  { file: ERASE, find: receipt, replace: `${receipt} killPoint(name === undefined ? step : step + ' ' + name);` },
  ...betweenReceipts,
];

export const stepsBetweenReceipts = betweenReceipts.map(({ replace }) => /killPoint\('(\w+)'\)/.exec(replace)![1]!);
