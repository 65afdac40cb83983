import { dealDecider } from '../../src/crm/deals/decider.js';
import { given } from '../support/given.js';

const stages = [
  { id: 'open', outcome: 'OPEN' },
  { id: 'won', outcome: 'WON' },
] as const;
const data = { subject: 'deal', title: 'Compiler', pipeline: 'sales', stage: 'open' } as const;
const created = { type: 'DealCreated', data: { ...data, outcome: 'OPEN' } } as const;

test('a deal begins in a stage of its pipeline, with the outcome of the stage', () =>
  given(dealDecider).when({ type: 'CreateDeal', data, given: { stages } }).then(created));

test('a stage that the pipeline does not have is refused', () => {
  given(dealDecider)
    .when({ type: 'CreateDeal', data: { ...data, stage: 'nowhere' }, given: { stages } })
    .thenRefused('UNKNOWN_STAGE', 'stage');
  given(dealDecider, created)
    .when({ type: 'UpdateDeal', data: { subject: 'deal' }, stage: 'nowhere', given: { stages } })
    .thenRefused('UNKNOWN_STAGE', 'stage');
});

test('moving on is an event of its own, which says where from', () =>
  given(dealDecider, created)
    .when({ type: 'UpdateDeal', data: { subject: 'deal', valueMinor: 5 }, stage: 'won', given: { stages } })
    .then(
      { type: 'DealUpdated', data: { subject: 'deal', valueMinor: 5 } },
      { type: 'DealStageChanged', data: { subject: 'deal', from: 'open', stage: 'won', outcome: 'WON' } },
    ));

test('a deal that is told to be where it is does not move', () =>
  given(dealDecider, created)
    .when({ type: 'UpdateDeal', data: { subject: 'deal' }, stage: 'open', given: { stages } })
    .thenNothing());
