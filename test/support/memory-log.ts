import type { Log, LogFields } from '../../src/ports.js';

export interface MemoryLog extends Log {
  readonly lines: readonly { readonly level: keyof Log; readonly fields: LogFields; readonly message: string }[];
}

/** Keeps every line, for a test to look at. */
export function createMemoryLog(): MemoryLog {
  const lines: { level: keyof Log; fields: LogFields; message: string }[] = [];
  const write = (level: keyof Log) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
