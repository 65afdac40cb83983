import type { Decider } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import { noRecord, type RecordState, whileAbsent, whileDeleted, whileLive } from '../record.js';
import { companyEvents } from './events.js';

type Data<K extends keyof typeof companyEvents> = Extract<NewEvent<typeof companyEvents>, { type: K }>['data'];

export type CompanyCommand =
  | ({ readonly type: 'CreateCompany' } & Data<'CompanyCreated'>)
  | ({ readonly type: 'UpdateCompany' } & Data<'CompanyUpdated'>)
  | { readonly type: 'DeleteCompany'; readonly subject: string }
  | { readonly type: 'RestoreCompany'; readonly subject: string };

export const companyDecider: Decider<RecordState, CompanyCommand, typeof companyEvents> = {
  category: 'company',
  events: companyEvents,
  keyClass: 'content',
  initial: noRecord,

  decide(command, state) {
    const { type, ...data } = command;
    const { subject } = command;
    switch (type) {
      case 'CreateCompany':
        return whileAbsent(state, () => [{ type: 'CompanyCreated', data: data as Data<'CompanyCreated'> }]);
      case 'UpdateCompany':
        return whileLive(state, () => [{ type: 'CompanyUpdated', data: data as Data<'CompanyUpdated'> }]);
      case 'DeleteCompany':
        return whileLive(state, () => [{ type: 'CompanyDeleted', data: { subject } }]);
      case 'RestoreCompany':
        return whileDeleted(state, () => [{ type: 'CompanyRestored', data: { subject } }]);
    }
  },

  evolve: (_state, event) => ({ exists: true, deleted: event.type === 'CompanyDeleted' }),
};
