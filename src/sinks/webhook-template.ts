import { z } from 'zod';
import type { NotifierEvent } from '../core/event.js';
import type { Failed } from '../core/failure.js';
import { issueOf } from '../settings.js';
import { isUnescaped, placeOfType } from '../template/places.js';
import { applyTemplate, liquid } from '../template/use.js';
import type { SinkTemplate } from './define.js';

const contentType = z.string().superRefine((text, context) => {
  if (/^[\w.+-]+\/[\w.+-]+(?:; *[\w-]+=[\w.-]+)*$/.test(text)) return;
  context.addIssue(issueOf({ problem: 'is no media type', hint: 'write one such as application/json' }));
});

/** The key `template`. */
export const webhookTemplate = z
  .strictObject({
    body: liquid('The body.'),
    contentType: contentType
      .prefault('application/json')
      .describe(
        'What the body is, and so how values in it are escaped: JSON, JSON lines, XML, HTML and forms are, anything else is taken for plain text. JSON is checked to be JSON.',
      ),
  })
  .optional()
  .meta({ example: { body: '{"text": "{{ title }}: {{ recording.roomId }}"}' } })
  .describe('A body of your own, in place of the one of `format`; the headers stay.');

type Template = z.output<typeof webhookTemplate>;

export function webhookTemplates(template: Template): SinkTemplate[] {
  if (template === undefined) return [];
  return [{ key: ['template', 'body'], source: template.body, place: placeOfType(template.contentType) }];
}

/** What a template does not see to. */
export function templateNotices(template: Template): readonly string[] {
  if (template === undefined || !isUnescaped(template.contentType)) return [];
  return [`Values go into a template of ${template.contentType} as they are: a room may be called anything.`];
}

/**
 * The body by the template; undefined without one.
 *
 * A template that fails on an event does not make way for our own body: a receiver that wants another one would refuse it, or worse,
 * say yes to what it does not understand. The delivery waits for a better template instead.
 */
export function writtenContent(
  template: Template,
  event: NotifierEvent,
  timezone: string,
): { readonly contentType: string; readonly body: string } | Failed | undefined {
  if (template === undefined) return undefined;
  const made = applyTemplate(template, 'body', placeOfType(template.contentType), event, timezone);
  if (made === undefined) return undefined;
  if ('flaw' in made) return { kind: 'failed', reason: 'template_failed', detail: made.flaw };
  return { contentType: template.contentType, body: made.text };
}
