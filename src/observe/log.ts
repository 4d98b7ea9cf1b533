import { createRequire } from 'node:module';
import { pino } from 'pino';
import type pretty from 'pino-pretty';
import type { Log, LogFields } from '../ports.js';
import { printable, printableJson, tameJson } from './printable.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, json elsewhere. */
  readonly format: 'pretty' | 'json' | 'auto';
  readonly isTerminal: boolean;
  readonly color: boolean;
  /** File descriptor. */
  readonly destination: number;
}

/** Written at once, so that a crash takes no line with it. */
export function createLog(options: LogOptions): Log & { setLevel(level: LogLevel): void } {
  const { level, format, isTerminal, color, destination: dest } = options;
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const destination = isPretty
    ? loadPretty()({
        destination: dest,
        sync: true,
        colorize: color && isTerminal,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
        singleLine: true,
        errorLikeObjectKeys: ['error'],
      })
    : pino.destination({ dest, sync: true });
  const pinoOptions = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: pino.stdSerializers.err },
    base: null,
    // pino-pretty knows levels by their numbers; whoever reads JSON should not have to.
    ...(!isPretty && { formatters: { level: (label: string) => ({ level: label }) } }),
  };
  // The stack of an error is shown as it is, and its message may hold anything.
  const tame = isPretty ? tameJson : printableJson;
  const logger = pino(pinoOptions, { write: (line) => void destination.write(tame(line)) });
  const shown = (fields: LogFields) => (isPretty ? printableFields(fields) : fields);
  return {
    debug: (fields, message) => logger.debug(shown(fields), message),
    info: (fields, message) => logger.info(shown(fields), message),
    warn: (fields, message) => logger.warn(shown(fields), message),
    error: (fields, message) => logger.error(shown(fields), message),
    setLevel: (next) => {
      logger.level = next;
    },
  };
}

function printableFields(fields: LogFields): LogFields {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value]),
  );
}

/** Loaded where somebody reads it: a log is made at once, and cannot wait for an import. */
function loadPretty(): typeof pretty {
  return createRequire(import.meta.url)('pino-pretty') as typeof pretty;
}
