import { erasureDecider, waiting } from '../../src/privacy/erasure/requestDecider.js';
import { given } from '../support/given.js';

const subject = 'workspace';
const target = { record: 'contact', subject: 'person', controller: subject };
const asked = (waitsFor: 'NONE' | 'SECOND_PERSON' | 'DELAY', dueAt?: string) => {
  const targets = [target];
  const data = { subject, targets, kind: 'ERASE' as const, reason: 'SUBJECT_REQUEST' as const, waitsFor, dueAt };
  return { type: 'ErasureRequested' as const, data };
};
const approved = { type: 'ErasureApproved', data: { subject } } as const;
const started = { type: 'ErasureStarted', data: { subject } } as const;
const calledOff = { type: 'ErasureCalledOff', data: { subject } } as const;
const start = (now = '2026-01-02T00:00:00.000Z', held = false) =>
  ({ type: 'StartErasure', subject, given: { now, held } }) as const;

test('what waits for nothing starts, once', () => {
  given(erasureDecider, asked('NONE')).when(start()).then(started);
  given(erasureDecider, asked('NONE'), started).when(start()).thenNothing();
});

test('what waits for a second person starts when another than the first has approved', () => {
  const approve = (by: string) => ({ type: 'ApproveErasure', subject, by }) as const;
  given(erasureDecider, asked('SECOND_PERSON')).when(start()).thenNothing();
  given(erasureDecider, asked('SECOND_PERSON')).when(approve('actor')).thenRefused('SECOND_PERSON_REQUIRED');
  given(erasureDecider, asked('SECOND_PERSON')).when(approve('another')).then(approved);
  given(erasureDecider, asked('SECOND_PERSON'), approved).when(start()).then(started);
});

test('what waits for a day starts on it and not before', () => {
  const dueAt = '2026-01-02T00:00:00.000Z';
  given(erasureDecider, asked('DELAY', dueAt)).when(start('2026-01-01T23:59:59.999Z')).thenNothing();
  given(erasureDecider, asked('DELAY', dueAt)).when(start(dueAt)).then(started);
});

test('a hold keeps everything from starting', () => {
  given(erasureDecider, asked('NONE')).when(start(undefined, true)).thenNothing();
  expect(waiting({ requested: null, approvedBy: null }, { now: '', held: true })).toBe('ON_HOLD');
});

test('it can be called off until it has started, and not be started after', () => {
  const callOff = { type: 'CallOffErasure', subject } as const;
  given(erasureDecider, asked('DELAY')).when(callOff).then(calledOff);
  given(erasureDecider, asked('DELAY'), calledOff).when(callOff).thenNothing();
  given(erasureDecider, asked('NONE'), started).when(callOff).thenRefused('ERASURE_STARTED');
  given(erasureDecider, asked('NONE'), calledOff).when(start()).thenRefused('ERASURE_CALLED_OFF');
  given(erasureDecider).when(callOff).thenRefused('NOT_FOUND');
});

test('what was done for a person is recorded once, and so is their certificate', () => {
  const done = { subject, target: 'person', keys: [], receipts: [] };
  const carriedOut = { type: 'ErasureCarriedOut' as const, data: done };
  given(erasureDecider, asked('NONE'), started).when({ type: 'RecordCarriedOut', data: done }).then(carriedOut);
  given(erasureDecider, asked('NONE'), started, carriedOut)
    .when({ type: 'RecordCarriedOut', data: done })
    .thenNothing();
});
