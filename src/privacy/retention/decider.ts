import { type Decider, refuse } from '../../kernel/decider.js';
import { type KeepableClass, retentionEvents } from './events.js';

export interface Ground {
  readonly law: string;
  readonly years: number;
}

/** By class; one ground each. */
export interface Grounds {
  readonly grounds: ReadonlyMap<KeepableClass, Ground>;
}

export type RetentionCommand =
  | ({ readonly type: 'SetGround'; readonly subject: string; readonly class: KeepableClass } & Ground)
  | { readonly type: 'RemoveGround'; readonly subject: string; readonly class: KeepableClass };

/** One stream per workspace. A change is for erasures to come: what was kept before goes on the day that was said then. */
export const retentionDecider: Decider<Grounds, RetentionCommand, typeof retentionEvents> = {
  category: 'retention',
  events: retentionEvents,
  keyClass: 'content',
  initial: { grounds: new Map() },

  decide(command, { grounds }) {
    const now = grounds.get(command.class);
    if (command.type === 'RemoveGround') {
      const { subject, class: each } = command;
      return now === undefined
        ? refuse('NOT_FOUND', 'class')
        : [{ type: 'RetentionGroundRemoved', data: { subject, class: each } }];
    }
    const { type: _type, ...data } = command;
    const same = now?.law === data.law && now.years === data.years;
    return same ? [] : [{ type: 'RetentionGroundSet', data }];
  },

  evolve({ grounds }, event) {
    const changed = new Map(grounds);
    if (event.type === 'RetentionGroundRemoved') changed.delete(event.data.class);
    else changed.set(event.data.class, { law: event.data.law, years: event.data.years });
    return { grounds: changed };
  },
};
