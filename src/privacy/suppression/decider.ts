import type { Decider } from '../../kernel/decider.js';
import type { Channel } from '../consent/events.js';
import { type SuppressionGround, suppressionEvents } from './events.js';

export interface SuppressionState {
  /** Each suppressed channel with its ground. */
  readonly suppressed: { readonly [channel in Channel]?: SuppressionGround };
}

export type SuppressionCommand =
  | {
      readonly type: 'SuppressAddress';
      readonly subject: string;
      readonly hash: string;
      readonly channels: readonly Channel[];
      readonly ground: SuppressionGround;
    }
  | {
      readonly type: 'LiftSuppression';
      readonly subject: string;
      readonly hash: string;
      readonly channels: readonly Channel[];
    };

/** One stream per address and controller. A person who was erased stays so, whatever they opt out of besides. */
export const suppressionDecider: Decider<SuppressionState, SuppressionCommand, typeof suppressionEvents> = {
  category: 'suppression',
  events: suppressionEvents,
  keyClass: 'content',
  initial: { suppressed: {} },

  decide(command, { suppressed }) {
    const { subject, hash } = command;
    if (command.type === 'SuppressAddress') {
      const { ground } = command;
      const channels = command.channels.filter((each) => suppressed[each] !== 'ERASED' && suppressed[each] !== ground);
      return channels.length === 0 ? [] : [{ type: 'AddressSuppressed', data: { subject, hash, channels, ground } }];
    }
    const channels = command.channels.filter((each) => suppressed[each] !== undefined);
    return channels.length === 0 ? [] : [{ type: 'SuppressionLifted', data: { subject, hash, channels } }];
  },

  evolve({ suppressed }, event) {
    const now: { [channel in Channel]?: SuppressionGround } = { ...suppressed };
    for (const channel of event.data.channels) {
      if (event.type === 'AddressSuppressed') now[channel] = event.data.ground;
      else delete now[channel];
    }
    return { suppressed: now };
  },
};
