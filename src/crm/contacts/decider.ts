import { type Decider, type Refusal, refuse } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import type { Channel } from '../../privacy/consent/events.js';
import { noRecord, type RecordState, whileAbsent, whileDeleted, whileLive } from '../record.js';
import { contactEvents } from './events.js';

type ContactEvent = NewEvent<typeof contactEvents>;
type Data<K extends keyof typeof contactEvents> = Extract<ContactEvent, { type: K }>['data'];

/** What the handler has looked up for the decision; not part of what the caller said. */
interface Given {
  /** Today, `YYYY-MM-DD`. */
  readonly today: string;
  /** Channels on which an address that the contact will have is suppressed; left out: its addresses stay as they are. */
  readonly suppressed?: readonly Channel[];
  /** The same, of those addresses only that come in by a change. */
  readonly introduced?: readonly Channel[];
}

/** Somebody has said that a suppressed person is to be taken in all the same. They stay suppressed. */
interface Overriding {
  readonly suppressionOverride?: true;
}

export type ContactCommand =
  | ({ readonly type: 'CreateContact'; readonly data: Data<'ContactCreated'>; readonly given: Given } & Overriding)
  | ({ readonly type: 'UpdateContact'; readonly data: Data<'ContactUpdated'>; readonly given: Given } & Overriding)
  | { readonly type: 'DeleteContact'; readonly subject: string }
  | {
      readonly type: 'RestoreContact';
      readonly subject: string;
      readonly given?: { readonly suppressed: readonly Channel[] };
    }
  | { readonly type: 'SuppressContact'; readonly subject: string; readonly channels: readonly Channel[] };

export interface ContactState extends RecordState {
  /** Whose keys seal the contact: what an erasure of the contact erases. */
  readonly subject: string | null;
  readonly restrictedAsMinor: boolean;
  readonly suppressed: readonly Channel[];
}

const ADULT_YEARS = 18;

/** Whether somebody born on this day is under 18 today. A birthday without its year tells nothing. */
export const isMinor = (birthDate: string, today: string): boolean => {
  if (birthDate.startsWith('--')) return false;
  const adultOn = `${String(Number(birthDate.slice(0, 4)) + ADULT_YEARS).padStart(4, '0')}${birthDate.slice(4)}`;
  return today < adultOn;
};

/** [P11.1] Keeps a minor restricted; lifts that when a corrected birth date says otherwise. */
const restriction = (
  subject: string,
  birthDate: string | null | undefined,
  { today }: Given,
  restricted: boolean,
): ContactEvent[] => {
  if (birthDate === undefined || birthDate === null) return [];
  const minor = isMinor(birthDate, today);
  if (minor === restricted) return [];
  const data = { subject, reason: 'MINOR' as const };
  return [minor ? { type: 'ContactRestricted', data } : { type: 'ContactRestrictionLifted', data }];
};

/** Where the suppressed channels are others than before. */
const suppression = (
  subject: string,
  channels: readonly Channel[] | undefined,
  before: readonly Channel[],
): ContactEvent[] => {
  if (channels === undefined || channels.join() === before.join()) return [];
  if (channels.length === 0) return [{ type: 'ContactSuppressionLifted', data: { subject } }];
  return [{ type: 'ContactSuppressed', data: { subject, channels: [...channels] } }];
};

/** [P3.8] Nobody who is on the do-not-contact list comes in unnoticed. */
const unlessSuppressed = (
  introduced: readonly Channel[] | undefined,
  override: true | undefined,
  decide: () => readonly ContactEvent[] | Refusal,
): readonly ContactEvent[] | Refusal => {
  if (override || introduced === undefined || introduced.length === 0) return decide();
  return refuse('ADDRESS_SUPPRESSED', introduced.includes('EMAIL') ? 'emails' : 'phones');
};

export const contactDecider: Decider<ContactState, ContactCommand, typeof contactEvents> = {
  category: 'contact',
  events: contactEvents,
  keyClass: 'profile',
  initial: { ...noRecord, subject: null, restrictedAsMinor: false, suppressed: [] },

  decide(command, state) {
    switch (command.type) {
      case 'CreateContact': {
        const { data, given, suppressionOverride } = command;
        return whileAbsent(state, () =>
          unlessSuppressed(given.suppressed, suppressionOverride, () => [
            { type: 'ContactCreated', data },
            ...restriction(data.subject, data.birthDate, given, false),
            ...suppression(data.subject, given.suppressed, []),
          ]),
        );
      }
      case 'UpdateContact': {
        const { data, given, suppressionOverride } = command;
        return whileLive(state, () =>
          unlessSuppressed(given.introduced, suppressionOverride, () => [
            { type: 'ContactUpdated', data },
            ...restriction(data.subject, data.birthDate, given, state.restrictedAsMinor),
            ...suppression(data.subject, given.suppressed, state.suppressed),
          ]),
        );
      }
      case 'DeleteContact':
        return whileLive(state, () => [{ type: 'ContactDeleted', data: { subject: command.subject } }]);
      case 'RestoreContact':
        return whileDeleted(state, () => [
          { type: 'ContactRestored', data: { subject: command.subject } },
          ...suppression(command.subject, command.given?.suppressed, state.suppressed),
        ]);
      case 'SuppressContact':
        return state.exists ? suppression(command.subject, command.channels, state.suppressed) : [];
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ContactCreated':
        return { ...state, exists: true, subject: event.data.subject };
      case 'ContactDeleted':
        return { ...state, deleted: true };
      case 'ContactRestored':
        return { ...state, deleted: false };
      case 'ContactRestricted':
        return { ...state, restrictedAsMinor: true };
      case 'ContactRestrictionLifted':
        return { ...state, restrictedAsMinor: false };
      case 'ContactSuppressed':
        return { ...state, suppressed: event.data.channels };
      case 'ContactSuppressionLifted':
        return { ...state, suppressed: [] };
      default:
        return state;
    }
  },
};
