import type { Log, LogFields } from '../../src/ports.js';
import type { Life } from './life.js';
import { SECRET, URL_MARK } from './platform.js';
import type { Say } from './sim-store.js';

/** A log that keeps nothing and looks at everything. */
export function watchedLog(life: Life, say: Say, violate: (what: string) => void): Log {
  const write = (level: string) => (fields: LogFields, message: string) => {
    if (!life.alive) return;
    if (leaks([fields, message], 0)) violate(`the log has a URL or a secret: ${message}`);
    if (message === 'a sink threw instead of returning an outcome') return;
    if (message.includes('broke off')) violate(`the log tells of a mistake: ${message} ${wordsOf(fields['error'])}`);
    say?.('log', () => `${level} ${message} ${JSON.stringify({ ...fields, error: wordsOf(fields['error']) })}`);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function wordsOf(error: unknown): string | undefined {
  return error instanceof Error ? `${error.name}: ${error.message}` : undefined;
}

function leaks(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.includes(URL_MARK) || value.includes(SECRET);
  if (typeof value !== 'object' || value === null || depth > 6) return false;
  if (value instanceof Error) return leaks([value.message, value.cause], depth + 1);
  return Object.values(value).some((each) => leaks(each, depth + 1));
}
