export interface Question {
  readonly id: number;
  readonly deed: string;
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly problem?: string | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: functions of any kind; the types of a child are those of its file.
export type Deeds = Readonly<Record<string, (...args: any[]) => unknown>>;

/** Does what the process that started this one asks for; see `child.ts`. */
export function serve<Of extends Deeds>(deeds: Of): Of {
  process.on('message', async ({ id, deed, args }: Question) => {
    try {
      process.send?.({ id, value: await deeds[deed]?.(...args) } satisfies Answer);
    } catch (error) {
      process.send?.({ id, problem: (error as Error).stack } satisfies Answer);
    }
  });
  process.once('disconnect', () => process.exit());
  return deeds;
}
