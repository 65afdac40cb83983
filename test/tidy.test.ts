import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const MAX_FILE_LINES = 500;
const MAX_FUNCTION_LINES = 70;

const filesUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

const product = ['src', 'projections', 'schema'].flatMap(filesUnder);
const everything = [...product, ...['test', 'bench'].flatMap(filesUnder)];
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

/** What a file imports, as paths from the root. */
const importsOf = (file: string): { path: string; typeOnly: boolean }[] =>
  [...textOf(file).matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']+)'/gm)].map((match) => ({
    path: relative(root, resolve(root, dirname(file), match[2]!.replace(/\.js$/, '.ts'))),
    typeOnly: match[1] !== undefined,
  }));

/** The room that a file is in: `src/kernel`, `projections`, `schema` … */
const roomOf = (file: string): string => {
  const [top, second] = file.split(sep);
  return top === 'src' && file.split(sep).length > 2 ? `src/${second}` : top!;
};

const contexts = ['src/identity', 'src/crm', 'src/privacy', 'src/audit'];
const engines = [
  'src/eventstore',
  'src/readstore',
  'src/statestore',
  'src/vault',
  'src/ledger',
  'src/blobstore',
  'src/mail',
  'src/accesslog',
];

/** Says why an import is against the arrows of the house, or nothing. */
const offence = (file: string, path: string): string | undefined => {
  const from = roomOf(file);
  const to = roomOf(path);
  if (to === 'src/app' && from !== 'src/app') return 'nobody imports src/app';
  if (from === 'src/app') return undefined;
  if (from.startsWith('src') && (to === 'projections' || to === 'schema'))
    return 'src knows neither projections nor schema';
  if (from === 'projections' && to === 'schema') return 'projections know nothing of schema';
  if (from === 'src/kernel' && contexts.includes(to)) return 'the kernel knows no context';
  if (from === 'src/kernel' && engines.includes(to) && !/\/(port|seal)\.ts$/.test(path))
    return 'the kernel knows ports only';
  if (contexts.includes(from) && engines.includes(to) && !path.endsWith('/port.ts')) return 'contexts know ports only';
  if (contexts.includes(from) && contexts.includes(to) && from !== to && path.endsWith('/decider.ts')) {
    return "a context never imports another's decider";
  }
  if (engines.includes(from) && contexts.includes(to)) return 'engines know no context';
  return undefined;
};

test('imports point one way: schema → projections → src; contexts → kernel and ports', () => {
  const offences = product.flatMap((file) =>
    importsOf(file).flatMap(({ path }) => {
      const why = offence(file, path);
      return why === undefined ? [] : [`${file} imports ${path}: ${why}`];
    }),
  );
  expect(offences).toEqual([]);
});

test('the arrows are checked: a forbidden import is found', () => {
  expect(offence('src/crm/contacts/decider.ts', 'src/privacy/consent/decider.ts')).toBeDefined();
  expect(offence('src/kernel/event.ts', 'src/eventstore/sqlite.ts')).toBeDefined();
  expect(offence('projections/runner.ts', 'schema/server.ts')).toBeDefined();
  expect(importsOf('test/tidy.test.ts')).toEqual([]);
  expect(importsOf('src/kernel/commandHandler.ts').length).toBeGreaterThan(5);
});

test(`no file outgrows ${MAX_FILE_LINES} lines`, () => {
  const long = everything.filter((file) => textOf(file).split('\n').length > MAX_FILE_LINES);
  expect(long).toEqual([]);
});

/** Functions by their opening line, with how many lines they have: from a line that opens one to its closing brace at the same indentation. */
const functionsIn = (text: string): { line: number; lines: number }[] => {
  const lines = text.split('\n');
  const found: { line: number; lines: number }[] = [];
  for (const [index, line] of lines.entries()) {
    if (
      !/(=>|\)|>)\s*\{$|^\s*(export )?(async )?function.*\{$/.test(line) ||
      /^\s*(if|for|while|switch|\} else|describe|(export )?(abstract )?class)\b/.test(line)
    )
      continue;
    const indent = line.match(/^\s*/)![0];
    const end = lines.findIndex(
      (each, at) => at > index && each.startsWith(`${indent}}`) && !each.startsWith(`${indent} `),
    );
    if (end > index) found.push({ line: index + 1, lines: end - index + 1 });
  }
  return found;
};

test(`no function outgrows ${MAX_FUNCTION_LINES} lines`, () => {
  const long = product.flatMap((file) =>
    functionsIn(textOf(file))
      .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
      .map(({ line, lines }) => `${file}:${line} has ${lines} lines`),
  );
  expect(long).toEqual([]);
});

test('nothing in the repository names a path of a machine or a registry host', () => {
  const offending = everything.filter(
    (file) => /\/work\/|registry\.npmjs|\/root\//.test(textOf(file)) && file !== 'test/tidy.test.ts',
  );
  expect(offending).toEqual([]);
});
