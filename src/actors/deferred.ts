// A promise that others settle. Its rejection is seen by whoever asks for it, and where nobody asks it is nobody's.

export class Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;

  constructor() {
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    this.promise = new Promise<void>((onResolved, onRejected) => {
      resolve = onResolved;
      reject = onRejected;
    });
    this.promise.catch(() => {});
    this.resolve = resolve;
    this.reject = reject;
  }
}
