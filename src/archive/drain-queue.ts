/** Rows on their way from those who read the list to those who archive. Who puts one in waits while it is full. */
export interface DrainQueue<Item> {
  /** Resolves once it is in, or thrown away since the queue has been closed. */
  put(item: Item): Promise<void>;
  /** undefined: nothing comes any more. */
  take(): Promise<Item | undefined>;
  /** Nothing more is put in; what is in it is still taken. */
  end(): void;
  /** What is in it is thrown away as well. */
  close(): void;
}

export function createDrainQueue<Item>(itemsMax: number): DrainQueue<Item> {
  let items: Item[] = [];
  let hasEnded = false;
  let waiting: (() => void)[] = [];

  return {
    async put(item) {
      while (!hasEnded && items.length >= itemsMax) await change();
      if (hasEnded) return;
      items.push(item);
      changed();
    },
    async take() {
      while (!hasEnded && items.length === 0) await change();
      const item = items.shift();
      changed();
      return item;
    },
    end,
    close() {
      items = [];
      end();
    },
  };

  function end(): void {
    hasEnded = true;
    changed();
  }

  function change(): Promise<void> {
    return new Promise((resolve) => waiting.push(resolve));
  }

  function changed(): void {
    const all = waiting;
    waiting = [];
    for (const wake of all) wake();
  }
}
