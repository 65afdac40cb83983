import type { Decider } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import { noRecord, type RecordState, whileAbsent, whileDeleted, whileLive } from '../record.js';
import { contactEvents } from './events.js';

type ContactEvent = NewEvent<typeof contactEvents>;
type Data<K extends keyof typeof contactEvents> = Extract<ContactEvent, { type: K }>['data'];

/** What the handler has looked up for the decision; not part of what the caller said. */
interface Given {
  /** Today, `YYYY-MM-DD`. */
  readonly today: string;
}

export type ContactCommand =
  | { readonly type: 'CreateContact'; readonly data: Data<'ContactCreated'>; readonly given: Given }
  | { readonly type: 'UpdateContact'; readonly data: Data<'ContactUpdated'>; readonly given: Given }
  | { readonly type: 'DeleteContact'; readonly subject: string }
  | { readonly type: 'RestoreContact'; readonly subject: string };

export interface ContactState extends RecordState {
  /** Whose keys seal the contact: what an erasure of the contact erases. */
  readonly subject: string | null;
  readonly restrictedAsMinor: boolean;
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

export const contactDecider: Decider<ContactState, ContactCommand, typeof contactEvents> = {
  category: 'contact',
  events: contactEvents,
  keyClass: 'profile',
  initial: { ...noRecord, subject: null, restrictedAsMinor: false },

  decide(command, state) {
    switch (command.type) {
      case 'CreateContact': {
        const { data, given } = command;
        return whileAbsent(state, () => [
          { type: 'ContactCreated', data },
          ...restriction(data.subject, data.birthDate, given, false),
        ]);
      }
      case 'UpdateContact': {
        const { data, given } = command;
        return whileLive(state, () => [
          { type: 'ContactUpdated', data },
          ...restriction(data.subject, data.birthDate, given, state.restrictedAsMinor),
        ]);
      }
      case 'DeleteContact':
        return whileLive(state, () => [{ type: 'ContactDeleted', data: { subject: command.subject } }]);
      case 'RestoreContact':
        return whileDeleted(state, () => [{ type: 'ContactRestored', data: { subject: command.subject } }]);
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
      default:
        return state;
    }
  },
};
