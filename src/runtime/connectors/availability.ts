// What a source's reader waits by when it has nothing: one promise for whoever asks, until there is something to look at.

export class Availability {
  #waiting: { readonly promise: Promise<void>; readonly settle: () => void } | null = null;

  /** Resolves with the next `signal`. */
  next(): Promise<void> {
    if (this.#waiting === null) {
      let settle = (): void => {};
      const promise = new Promise<void>((resolve) => {
        settle = resolve;
      });
      this.#waiting = { promise, settle };
    }
    return this.#waiting.promise;
  }

  /** Whoever waits looks again. */
  signal(): void {
    this.#waiting?.settle();
    this.#waiting = null;
  }
}
