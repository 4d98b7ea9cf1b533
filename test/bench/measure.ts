export interface Cost {
  readonly wallMs: number;
  /** Of all threads of this process. */
  readonly cpuMs: number;
}

/** What it costs this process. Garbage of before is taken away first: whoever made it pays for it. */
export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  globalThis.gc?.();
  const [cpu, startedMs] = [process.cpuUsage(), performance.now()];
  await work();
  const wallMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1_000 };
}

export interface Memory {
  /** After a forced collection. */
  readonly heapBytes: number;
  /** Now, which is before that collection. */
  readonly residentBytes: number;
}

export function memoryNow(): Memory {
  const residentBytes = process.memoryUsage.rss();
  // Twice: what a first one finalizes, a second one frees.
  globalThis.gc?.();
  globalThis.gc?.();
  return { heapBytes: process.memoryUsage().heapUsed, residentBytes };
}
