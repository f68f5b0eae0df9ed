/** Who wants to know that the loop has looked. */
export class Looked {
  readonly #listeners = new Set<() => void>();

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  each(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when the condition holds after a look. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!holds()) return;
        this.#listeners.delete(check);
        resolve();
      };
      this.#listeners.add(check);
    });
  }
}
