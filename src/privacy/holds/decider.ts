import { type Decider, refuse } from '../../kernel/decider.js';
import { type HoldGround, holdEvents } from './events.js';

export type HoldCommand =
  | {
      readonly type: 'PlaceHold';
      readonly subject: string;
      readonly person: string;
      readonly hold: string;
      readonly ground: HoldGround;
      readonly note?: string;
    }
  | { readonly type: 'LiftHold'; readonly subject: string; readonly person: string; readonly hold: string };

/** The holds on a person that are in force, with the grounds they stand on. */
export interface HoldState {
  readonly holds: { readonly [hold: string]: HoldGround };
}

/** One stream per person. */
export const holdDecider: Decider<HoldState, HoldCommand, typeof holdEvents> = {
  category: 'hold',
  events: holdEvents,
  keyClass: 'content',
  initial: { holds: {} },

  decide(command, { holds }) {
    const { type, ...data } = command;
    if (type === 'LiftHold') {
      const { subject, person, hold } = data;
      return Object.hasOwn(holds, hold)
        ? [{ type: 'HoldLifted', data: { subject, person, hold } }]
        : refuse('NOT_FOUND', 'holdId');
    }
    return Object.hasOwn(holds, command.hold) ? [] : [{ type: 'HoldPlaced', data: data as Omit<Placed, 'type'> }];
  },

  evolve({ holds }, { type, data }) {
    if (type === 'HoldPlaced') return { holds: { ...holds, [data.hold]: data.ground } };
    const { [data.hold]: _lifted, ...rest } = holds;
    return { holds: rest };
  },
};

type Placed = Extract<HoldCommand, { type: 'PlaceHold' }>;
