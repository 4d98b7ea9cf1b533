import { createRequire } from 'node:module';
import type * as JmesPath from '@jmespath-community/jmespath';
import { z } from 'zod';
import { once } from '../once.js';
import { type Flaw, issueOf } from '../settings.js';

/** JMESPath in settings: what is looked for in the answers of a platform. */

const LENGTH_MAX = 1_000;
const HINT = 'see https://jmespath.org for what there is';

/** A compiled expression. Undefined: it cannot be applied to this value, whose parts have other types than its functions want. */
export type Expression = (value: unknown) => unknown;

type Tree = ReturnType<typeof JmesPath.compile>;
type Value = Parameters<typeof JmesPath.search>[0];

const jmesPath = once(() => createRequire(import.meta.url)('@jmespath-community/jmespath') as typeof JmesPath);

export function expression() {
  return z
    .string()
    .min(1)
    .max(LENGTH_MAX)
    .meta({ want: 'a JMESPath expression' })
    .superRefine((text, context) => {
      const flaw = expressionFlaw(text);
      if (flaw !== undefined) context.addIssue(issueOf(flaw));
    });
}

/** @param text one that {@link expression} has let pass */
export function compileExpression(text: string): Expression {
  const tree = jmesPath().compile(text);
  return (value) => {
    try {
      return jmesPath().TreeInterpreter.search(tree, value as Value);
    } catch {
      // Whatever it says of the value, the value is in it.
      return undefined;
    }
  };
}

/** What is wrong with an expression, and where in it. */
export function expressionFlaw(text: string): Flaw | undefined {
  const open = unclosed(text);
  if (open !== undefined) return flawAt(text, open, `has a ${text[open]} that is not closed`);
  try {
    const unknown = unknownFunction(jmesPath().compile(text));
    if (unknown === undefined) return undefined;
    return flawAt(text, Math.max(0, text.indexOf(`${unknown}(`)), `has no function ${unknown}`);
  } catch (error) {
    return flawAt(text, whereOf(text, messageOf(error)), `is not JMESPath: ${wordsOf(messageOf(error))}`);
  }
}

function flawAt(text: string, offset: number, problem: string): Flaw {
  const before = text.slice(0, offset).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { problem: `${problem}, at line ${before.length}, column ${column} of the expression`, hint: HINT };
}

/** The parser takes an open quote for a closed one. */
function unclosed(text: string): number | undefined {
  for (let at = 0; at < text.length; at += 1) {
    const quote = text[at] ?? '';
    if (!`'"\``.includes(quote)) continue;
    const start = at;
    for (at += 1; at < text.length && text[at] !== quote; at += 1) if (text[at] === '\\') at += 1;
    if (at >= text.length) return start;
  }
  return undefined;
}

/** The parser says what it found, not where: the shortest beginning that it finds the same in ends there. */
function whereOf(text: string, message: string): number {
  try {
    const starts = jmesPath()
      .tokenize(text)
      .map(({ start }) => start);
    const first = starts.findIndex((_, index) => {
      const end = starts[index + 1] ?? text.length;
      return complaintOf(text.slice(0, end)) === message;
    });
    return message.includes('EOF') || first < 0 ? text.length : (starts[first] ?? text.length);
  } catch {
    return beforeUnreadable(text);
  }
}

/** The end of the longest beginning that can be cut into words. */
function beforeUnreadable(text: string): number {
  for (let end = text.length - 1; end > 0; end -= 1) {
    try {
      jmesPath().tokenize(text.slice(0, end));
      return end;
    } catch {}
  }
  return 0;
}

function complaintOf(text: string): string | undefined {
  try {
    jmesPath().compile(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function unknownFunction(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const { type, name } = node as Partial<Record<'type' | 'name', unknown>>;
  if (type === 'Function' && typeof name === 'string' && !jmesPath().isRegistered(name)) return name;
  return Object.values(node as Tree)
    .flat()
    .map(unknownFunction)
    .find((found) => found !== undefined);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As it says it, without its name for itself. */
function wordsOf(message: string): string {
  return message.replace(/^Syntax error:?,? /, '').replace('EOF', 'the end');
}
