import { canonicalJson } from '../../kernel/canonical.js';
import type { CommandContext, CommandHandler } from '../../kernel/commandHandler.js';
import { derivedId } from '../../kernel/ids.js';
import type { DoNotContact } from '../contacts/reach.js';
import type { ExternalIds } from '../externalIds.js';
import type { Stage } from '../pipelines/events.js';
import type { ImportedAgent } from './agents.js';
import type { Progress } from './report.js';

/** A record that is there already, as its read model shows it. */
export interface Existing {
  readonly id: string;
  readonly subject: string;
  readonly fields: { readonly [field: string]: unknown };
}

/** What an import asks of the read side. Answers come in the order of what was asked for. */
export interface ImportLookups {
  /** How names are compared: two that fold alike are the same. */
  fold(name: string): string;
  companiesByName(names: readonly string[]): Promise<readonly (string | null)[]>;
  productsByName(names: readonly string[]): Promise<readonly (string | null)[]>;
  membersByName(names: readonly string[]): Promise<readonly (string | null)[]>;
  dealsByExternalId(ids: readonly string[]): Promise<readonly (Existing | null)[]>;
  contactsByExternalId(ids: readonly string[]): Promise<readonly (Existing | null)[]>;
  /** The pipeline that deals go into. */
  pipeline(): Promise<{ readonly id: string; readonly stages: readonly (Stage & { readonly name?: string })[] }>;
}

export interface ImportParts {
  readonly handler: CommandHandler;
  readonly externalIds: ExternalIds;
  readonly lookups: ImportLookups;
  readonly doNotContact: DoNotContact;
  readonly context: CommandContext;
  /** Adds somebody who works here and cannot sign in yet; answers their id. */
  readonly addMember: (agent: ImportedAgent, context: CommandContext) => Promise<string>;
  /** Today, `YYYY-MM-DD`. */
  readonly today: string;
  /** Reads, checks and counts, and writes nothing. */
  readonly dryRun: boolean;
  readonly progress?: Progress;
}

/** Whether a value of a file says something else than the record has; members that are not there say nothing. */
export const differs = (said: unknown, kept: unknown): boolean =>
  kept === undefined || canonicalJson(said) !== canonicalJson(kept);

/** The context of one row: its command id follows from the import's, so that the whole can be sent again. */
export const rowContext = ({ context }: ImportParts, kind: string, line: number): CommandContext => {
  if (context.commandId === null) return context;
  return { ...context, commandId: derivedId(context.commandId, kind, String(line)) };
};

/** Names that an import meets, and the ids of the records that have them. */
export class NameDirectory {
  readonly #ids = new Map<string, string>();

  constructor(
    private readonly fold: (name: string) => string,
    private readonly find: (names: readonly string[]) => Promise<readonly (string | null)[]>,
  ) {}

  /** Looks up the names that are not known yet. */
  async load(names: Iterable<string | undefined>): Promise<void> {
    const wanted = new Map<string, string>();
    for (const name of names) {
      if (name !== undefined && !this.#ids.has(this.fold(name))) wanted.set(this.fold(name), name);
    }
    const folded = [...wanted.keys()];
    const found = await this.find([...wanted.values()]);
    for (const [index, key] of folded.entries()) {
      const id = found[index];
      if (id) this.#ids.set(key, id);
    }
  }

  id(name: string | undefined): string | undefined {
    return name === undefined ? undefined : this.#ids.get(this.fold(name));
  }

  set(name: string, id: string): void {
    this.#ids.set(this.fold(name), id);
  }
}
