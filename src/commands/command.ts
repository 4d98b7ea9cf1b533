import type { Command } from 'commander';
import type { Environment, Process } from '../system.js';

/** Asked wrongly: usage or configuration. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It failed, for a reason that the message says whole. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export const EXIT = { fine: 0, failed: 1, usage: 2, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Options that every command takes. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: true;
}

/** Adds one command to the program. Its action ends with `context.end`. */
export type Register = (program: Command, context: CommandContext) => void;

export interface CommandContext extends Process {
  /** Ends the process at once. */
  readonly exitNow: (code: ExitCode) => never;
  /** Notes how the command ended. */
  readonly end: (code: ExitCode) => void;
}

export function wantsColor({ NO_COLOR, FORCE_COLOR }: Environment, isTerminal: boolean): boolean {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return isTerminal || (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0');
}
