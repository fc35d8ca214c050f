// SPDX-License-Identifier: Apache-2.0
/** A small observable record. Listeners run once per change, after it. */
export class Store<T extends object> {
  readonly #listeners = new Set<(state: Readonly<T>, before: Readonly<T>) => void>();
  #state: T;

  constructor(initial: T) {
    this.#state = initial;
  }

  get state(): Readonly<T> {
    return this.#state;
  }

  set(patch: Partial<T>): void {
    const before = this.#state;
    const keys = Object.keys(patch) as (keyof T)[];
    if (keys.every((key) => before[key] === patch[key])) return;
    this.#state = { ...before, ...patch };
    for (const listener of [...this.#listeners]) listener(this.#state, before);
  }

  subscribe(listener: (state: Readonly<T>, before: Readonly<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
