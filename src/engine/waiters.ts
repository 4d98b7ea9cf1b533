/** Those who wait for something to be so, and look whenever something has changed. */
export class Waiters {
  readonly #looks = new Set<() => void>();

  /** Something has changed. */
  notify(): void {
    for (const look of this.#looks) look();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }
}
