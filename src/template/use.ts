import { z } from 'zod';
import type { NotifierEvent } from '../core/event.js';
import { SOURCE_CHARACTERS_MAX } from './engine.js';
import type { Place } from './places.js';
import { parseTemplate, renderTemplate, type Template, TemplateError } from './template.js';

/** What sinks need to have templates in their settings, and to use them. */

/** A key that holds a template. */
export function liquid(what: string) {
  return z
    .string()
    .min(1)
    .max(SOURCE_CHARACTERS_MAX)
    .meta({ template: true, want: 'a template in quotes' })
    .describe(`${what} Liquid.`);
}

/** Said in a receipt where a message went without its template, which failed. */
export const WITHOUT_TEMPLATE = 'without its template, which failed';

/** Read once for each settings object, which the program keeps for as long as the sink does not change. */
const known = new WeakMap<object, Map<string, Template>>();

/**
 * What a template in the settings makes of an event, or what is wrong with that, in words that repeat nothing of it.
 *
 * @param templates the value of the key `template`
 */
export function applyTemplate<Key extends string>(
  templates: Readonly<Partial<Record<Key, string | undefined>>>,
  key: Key,
  place: Place,
  event: NotifierEvent,
  timezone: string,
): { readonly text: string } | { readonly flaw: string } | undefined {
  const source = templates[key];
  if (source === undefined) return undefined;
  const read = known.get(templates) ?? new Map<string, Template>();
  known.set(templates, read);
  try {
    const template = read.get(key) ?? parseTemplate(source, place);
    read.set(key, template);
    return { text: renderTemplate(template, event, timezone) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { line, column, problem } = error.flaw;
    return { flaw: `template.${key}, line ${line}, column ${column} ${problem}` };
  }
}
