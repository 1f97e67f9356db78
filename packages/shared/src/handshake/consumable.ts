/** A value that is taken out once: the handshake states are consumed by the step that leaves them. */
export class Consumable<Value> {
  #value: Value | undefined;

  constructor(value: Value) {
    this.#value = value;
  }

  /** @throws TypeError when the state was left before. */
  take(): Value {
    const value = this.#value;
    if (value === undefined) throw new TypeError('This handshake state was already left.');
    this.#value = undefined;
    return value;
  }

  /** Like `take`, but undefined when the state was left before. */
  discard(): Value | undefined {
    const value = this.#value;
    this.#value = undefined;
    return value;
  }
}
