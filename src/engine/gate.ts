/** Lets so many in at once; the others wait, the first that came first. */
export interface Gate {
  /** Does the work when there is room. Whoever is told to end while it waits begins at once, to end at once. */
  through<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
}

export function createGate(most: number): Gate {
  const waiting = new Set<() => void>();
  let inside = 0;

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      function enter(): void {
        signal.removeEventListener('abort', enter);
        waiting.delete(enter);
        inside += 1;
        resolve();
      }
      waiting.add(enter);
      signal.addEventListener('abort', enter, { once: true });
    });
  }

  return {
    through: async (work, signal) => {
      if (inside < most || signal.aborted) inside += 1;
      else await wait(signal);
      try {
        return await work();
      } finally {
        inside -= 1;
        const [next] = waiting;
        if (inside < most) next?.();
      }
    },
  };
}
