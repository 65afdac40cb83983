import { Rope, type Text } from './rope.js';

/** Where in the response a value stands: graphql-js's `Path`. */
export class Step {
  constructor(
    readonly prev: Step | undefined,
    readonly key: string | number,
    readonly typename: string | undefined,
  ) {}
}

type Complete<T> = (value: T, run: Run, path: Step | undefined, info: never) => Text;

/** One execution of a plan: what its resolvers are given, and how many of their promises are still open. */
export class Run {
  pending = 0;
  /** True once something failed. What is still open then finishes for nothing. */
  over = false;
  /** Called once when nothing is pending any more, or as soon as something failed. */
  settled: () => void = () => {};

  constructor(
    readonly context: unknown,
    readonly variables: Record<string, unknown>,
  ) {}

  /** A hole in the text, filled when the promise is fulfilled. */
  later<T>(promise: PromiseLike<T>, complete: Complete<T>, path: Step | undefined, info: unknown): Rope {
    const hole = new Rope('', undefined);
    this.pending += 1;
    promise.then(
      (value) => {
        if (this.over) return;
        try {
          hole.inner = complete(value, this, path, info as never);
        } catch {
          this.fail();
          return;
        }
        this.pending -= 1;
        if (this.pending === 0) this.settled();
      },
      () => this.fail(),
    );
    return hole;
  }

  private fail(): void {
    if (this.over) return;
    this.over = true;
    this.settled();
  }
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
