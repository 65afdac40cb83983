/** A line of a vCard as it was before it was folded. */
export interface LogicalLine {
  /** The first of its physical lines, counted from 1. */
  readonly line: number;
  readonly text: string;
  /** BEGIN:VCARD or END:VCARD. */
  readonly boundary?: 'begin' | 'end';
  /** vCard 2.1, whose rules of folding, parameters and escapes are its own. */
  readonly legacy: boolean;
}

interface OpenLine {
  readonly line: number;
  readonly parts: string[];
  readonly boundary?: 'begin' | 'end';
  readonly quotedPrintable: boolean;
  readonly base64: boolean;
}

const boundaryPattern = /^(BEGIN|END)[ \t]*:[ \t]*VCARD[ \t]*$/i;

const boundaryOf = (physical: string): 'begin' | 'end' | undefined => {
  const keyword = boundaryPattern.exec(physical)?.[1];
  if (keyword === undefined) return undefined;
  return keyword.toUpperCase() === 'BEGIN' ? 'begin' : 'end';
};

function openLine(line: number, physical: string): OpenLine {
  const head = physical.slice(0, physical.indexOf(':') + 1);
  return {
    line,
    parts: [physical],
    boundary: boundaryOf(physical),
    quotedPrintable: /[;=]QUOTED-PRINTABLE[;:]/i.test(head),
    base64: /[;=](BASE64|B)[;:]/i.test(head),
  };
}

const endsSoftly = (open: OpenLine): boolean => open.quotedPrintable && open.parts.at(-1)!.endsWith('=');

/** A line that lost its neighbours must not take an intact card with it: a boundary joins nothing and is joined to nothing. */
function continues(open: OpenLine, physical: string): boolean {
  if (open.boundary !== undefined || boundaryOf(physical) !== undefined) return false;
  if (endsSoftly(open) || /^[ \t]/.test(physical)) return true;
  return open.base64 && /^[A-Za-z0-9+/]+=*$/.test(physical);
}

function append(open: OpenLine, physical: string, legacy: boolean): void {
  if (endsSoftly(open)) {
    open.parts.push(open.parts.pop()!.slice(0, -1), physical);
  } else {
    const keepsSpace = legacy || !/^[ \t]/.test(physical);
    open.parts.push(keepsSpace ? physical : physical.slice(1));
  }
}

const versionOf = (text: string): string | undefined => /^VERSION[^:]*:[ \t]*(\S+)/i.exec(text)?.[1];

/**
 * Undoes folding: of vCard 2.1 (section 2.1.3, where the space stays) with the soft line breaks of quoted-printable, and of
 * RFC 2426 section 2.6 and RFC 6350 section 3.2. Line ends are CRLF, LF, CR, or the CR CR LF of some exports.
 */
export function unfold(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let open: OpenLine | undefined;
  let legacy = false;
  const close = (): void => {
    if (!open) return;
    const joined = open.parts.join('');
    legacy = versionOf(joined)?.startsWith('2') ?? legacy;
    lines.push({ line: open.line, text: joined, boundary: open.boundary, legacy });
    open = undefined;
  };
  for (const [index, physical] of text.split(/\r{0,2}\n|\r/).entries()) {
    if (open && continues(open, physical)) {
      append(open, physical, legacy);
      continue;
    }
    close();
    if (physical.trim() !== '') open = openLine(index + 1, physical);
  }
  close();
  return lines;
}

export interface VCardProperty {
  readonly line: number;
  /** Where the value begins in its line, counted from 1. */
  readonly column: number;
  readonly group?: string;
  /** In capitals. */
  readonly name: string;
  /** By name in capitals; parameters of vCard 2.1 without a name are under TYPE, ENCODING or VALUE. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  /** As in the file: encoded and escaped. */
  readonly value: string;
  readonly legacy: boolean;
}

const wellQuoted = /^(?:([\w-]+)\.)?([\w-]+)((?:;(?:"[^"]*"|[^";:])*)*):(.*)$/s;
const badlyQuoted = /^(?:([\w-]+)\.)?([\w-]+)((?:;[^:]*)?):(.*)$/s;
const parameterPattern = /;[ \t]*(?:([\w-]+)[ \t]*=)?[ \t]*((?:"[^"]*"|[^";]|")*)/g;

const nameOfBareParameter = (value: string): string => {
  if (/^(QUOTED-PRINTABLE|BASE64|7BIT|8BIT|B)$/i.test(value)) return 'ENCODING';
  return /^(INLINE|URL|CONTENT-ID|CID)$/i.test(value) ? 'VALUE' : 'TYPE';
};

/** The RFC 6350 example quotes a whole list of types; other quoted values may hold commas of their own (section 5.1). */
const valuesOfParameter = (name: string, written: string): string[] =>
  name === 'TYPE'
    ? written.replaceAll('"', '').split(',')
    : (written.match(/"[^"]*"|[^,"]+/g) ?? []).map((value) => value.replaceAll('"', ''));

function readParameters(written: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const [, writtenName, value = ''] of written.matchAll(parameterPattern)) {
    const name = writtenName?.toUpperCase() ?? nameOfBareParameter(value.trim());
    const values = valuesOfParameter(name, value).map((each) => each.trim());
    parameters.set(name, [...(parameters.get(name) ?? []), ...values.filter((each) => each !== '')]);
  }
  return parameters;
}

/** One property (RFC 6350 section 3.3); undefined when the line is not one. */
export function parseProperty({ line, text, legacy }: LogicalLine): VCardProperty | undefined {
  const match = wellQuoted.exec(text) ?? badlyQuoted.exec(text);
  if (!match) return undefined;
  const [, group, name, parameters, value] = match;
  return {
    line,
    column: text.length - value!.length + 1,
    group: group?.toLowerCase(),
    name: name!.toUpperCase(),
    parameters: readParameters(parameters!),
    value: value!,
    legacy,
  };
}
