import type { Readable, Writable } from 'node:stream';
import { CANCEL_SYMBOL, cancel, confirm, intro, log, multiselect, outro, password, select, text } from '@clack/prompts';
import type { Trial } from './trials.js';

/** The person has left by Ctrl-C or Escape. */
export class LeftError extends Error {
  override readonly name = 'LeftError';
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A talk on a terminal. Every question throws {@link LeftError} when the person leaves. */
export interface Dialog {
  /** @param flawOf what is wrong with an answer; undefined when it will do */
  text(ask: string, initial: string, flawOf: (answer: string) => string | undefined): Promise<string>;
  /** Shows nothing of what is typed. */
  hidden(ask: string, flawOf: (answer: string) => string | undefined): Promise<string>;
  choose(ask: string, choices: readonly Choice[], initial: string): Promise<string>;
  /** One at least. */
  chooseSome(ask: string, choices: readonly Choice[]): Promise<readonly string[]>;
  agree(ask: string): Promise<boolean>;
  show(what: string, trial: Trial): void;
  end(words: string): void;
  left(words: string): void;
}

const LOOKS = { ok: 'success', notice: 'warn', failed: 'error' } as const;

export function openDialog(title: string, terminal: { readonly input: Readable; readonly output: Writable }): Dialog {
  intro(title, terminal);
  return {
    text: async (ask, initial, flawOf) =>
      given(
        await text({ ...terminal, message: ask, initialValue: initial, validate: (answer = '') => flawOf(answer) }),
      ),
    hidden: async (ask, flawOf) =>
      // Clack gives nothing at all for an empty answer.
      given(await password({ ...terminal, message: ask, validate: (answer = '') => flawOf(answer) })) ?? '',
    choose: async (ask, choices, initial) =>
      given(await select({ ...terminal, message: ask, options: [...choices], initialValue: initial })),
    chooseSome: async (ask, choices) =>
      given(await multiselect({ ...terminal, message: ask, options: choices, required: true })),
    agree: async (ask) => given(await confirm({ ...terminal, message: ask })),
    show: (what, { result, detail }) => log[LOOKS[result]](`${what}: ${detail}`, terminal),
    end: (words) => outro(words, terminal),
    left: (words) => cancel(words, terminal),
  };
}

function given<Value>(answer: Value | typeof CANCEL_SYMBOL): Value {
  if (answer === CANCEL_SYMBOL) throw new LeftError('left by the person');
  return answer as Value;
}
