import type { ErrorCode } from '../../src/errors.js';
import type { Decider } from '../../src/kernel/decider.js';
import { isRefusal } from '../../src/kernel/decider.js';
import type { EventDefinitions, FoldedEvent, NewEvent } from '../../src/kernel/event.js';

/** The language for deciders: given events, when a command, then events, a refusal, or nothing. */
export const given = <State, Command, D extends EventDefinitions>(
  decider: Decider<State, Command, D>,
  ...events: readonly NewEvent<D>[]
) => ({
  when: (command: Command) => {
    const state = events.reduce(
      (folded, event, index) => decider.evolve(folded, asFolded<D>(event, index)),
      decider.initial,
    );
    const decision = decider.decide(command, state);
    return {
      // biome-ignore lint/suspicious/noThenProperty: the word of the language; nobody awaits this
      then: (...expected: readonly NewEvent<D>[]) => expect(decision).toEqual(expected),
      thenNothing: () => expect(decision).toEqual([]),
      thenRefused: (code: ErrorCode, field?: string) => {
        expect(isRefusal(decision)).toBe(true);
        expect(decision).toMatchObject(field === undefined ? { refused: code } : { refused: code, field });
      },
    };
  },
});

/** A decider never opens a personal value, so it may fold the value itself as if it were the handle. */
const asFolded = <D extends EventDefinitions>(event: NewEvent<D>, revision: number): FoldedEvent<D> =>
  ({
    ...event,
    id: `event-${revision}`,
    stream: 'some-stream',
    revision,
    position: String(revision).padStart(16, '0'),
    recordedAt: '2026-01-01T00:00:00.000Z',
    workspace: 'workspace',
    controller: 'workspace',
    subject: (event.data as { subject: string }).subject,
    actor: 'actor',
  }) as unknown as FoldedEvent<D>;
