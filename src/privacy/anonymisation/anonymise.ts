import type { CommandContext, CommandHandler } from '../../kernel/commandHandler.js';
import type { EventRegistry } from '../../kernel/event.js';
import type { Anonymising } from '../../kernel/personal.js';
import { type HistorySource, lastValues } from '../erasure/lastValues.js';
import { anonymisationDecider } from './decider.js';
import { kept as keptFields } from './events.js';
import { anonymised, type Pseudonym } from './generalise.js';

export interface AnonymiserParts extends HistorySource {
  readonly handler: CommandHandler;
  readonly definitions: EventRegistry;
  /** Pseudonyms of one controller: nobody can link those of two. */
  readonly pseudonyms: (workspace: string, controller: string) => Pseudonym;
}

/** Whom to anonymise. */
export interface AnonymisationOrder {
  readonly contact: string;
  readonly subject: string;
  /** The stream of the record that the person's fields are in. */
  readonly stream: string;
}

/** Keeps of a person what the strategies of their fields leave. To be done while the person's keys still open. Idempotent. */
export class Anonymiser {
  constructor(private readonly parts: AnonymiserParts) {}

  async anonymise({ contact, subject, stream }: AnonymisationOrder, context: CommandContext): Promise<void> {
    const { handler, definitions } = this.parts;
    const { values, types } = await lastValues(stream, this.parts);
    const declared = strategiesOf(types, definitions);
    const personal = Object.entries(values).filter(([field]) => declared.has(field));
    const pseudonym = this.parts.pseudonyms(context.workspace, context.controller);
    const { kept, strategies } = anonymised(Object.fromEntries(personal), declared, pseudonym);
    const data = { subject: contact, person: subject, strategies, kept: keptFields.parse(kept) };
    // Without the command's id: sent again, there would be less to keep, and that is no other command.
    const once = { ...context, commandId: null };
    await handler.handle(anonymisationDecider, contact, { type: 'AnonymiseContact', data }, once);
  }
}

/** The strategy of every personal field of these events. */
const strategiesOf = (types: ReadonlySet<string>, definitions: EventRegistry): ReadonlyMap<string, Anonymising> => {
  const found = new Map<string, Anonymising>();
  for (const type of types) {
    for (const [name, field] of Object.entries(definitions.find(type)?.fields ?? {})) {
      if (field.kind === 'personal') found.set(name, field.anonymise);
    }
  }
  return found;
};
