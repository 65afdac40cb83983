import type { Decider } from '../../kernel/decider.js';
import type { NewEvent } from '../../kernel/event.js';
import { noRecord, type RecordState, whileAbsent, whileDeleted, whileLive } from '../record.js';
import { productEvents } from './events.js';

type Data<K extends keyof typeof productEvents> = Extract<NewEvent<typeof productEvents>, { type: K }>['data'];

export type ProductCommand =
  | ({ readonly type: 'CreateProduct' } & Data<'ProductCreated'>)
  | ({ readonly type: 'UpdateProduct' } & Data<'ProductUpdated'>)
  | { readonly type: 'DeleteProduct'; readonly subject: string }
  | { readonly type: 'RestoreProduct'; readonly subject: string };

export const productDecider: Decider<RecordState, ProductCommand, typeof productEvents> = {
  category: 'product',
  events: productEvents,
  keyClass: 'content',
  initial: noRecord,

  decide(command, state) {
    const { type, ...data } = command;
    const { subject } = command;
    switch (type) {
      case 'CreateProduct':
        return whileAbsent(state, () => [{ type: 'ProductCreated', data: data as Data<'ProductCreated'> }]);
      case 'UpdateProduct':
        return whileLive(state, () => [{ type: 'ProductUpdated', data: data as Data<'ProductUpdated'> }]);
      case 'DeleteProduct':
        return whileLive(state, () => [{ type: 'ProductDeleted', data: { subject } }]);
      case 'RestoreProduct':
        return whileDeleted(state, () => [{ type: 'ProductRestored', data: { subject } }]);
    }
  },

  evolve: (_state, event) => ({ exists: true, deleted: event.type === 'ProductDeleted' }),
};
