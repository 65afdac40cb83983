/** Does one thing after another, in the order in which they are asked for; that one fails keeps no other from its turn. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Resolves once what was asked for so far is done, however that ended. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
