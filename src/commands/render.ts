import type { SinkConfig } from '../config/config.js';
import { isRecordingEvent, type NotifierEvent } from '../core/event.js';
import type { Outcome } from '../core/failure.js';
import { deliveryIdOf, digestIdOf } from '../core/id.js';
import { attemptOnce, isDigest, type Message } from '../engine/attempt.js';
import { jsonLine, printable } from '../observe/printable.js';
import type { RenderedPart } from '../sinks/define.js';
import { sha256, systemClock, systemRandom } from '../system.js';
import { WITHOUT_TEMPLATE } from '../template/use.js';
import { type CommandContext, CommandError, type CommonOptions, EXIT, type Register } from './command.js';
import { readEventFile } from './event-file.js';
import { indentedJson } from './indented-json.js';
import { idsOf } from './message-ids.js';
import { createRecorder, type RecordedRequest } from './recorder.js';
import { sampleDigestFor, sampleFor } from './sample.js';
import { type Masks, masksFor } from './secrets.js';
import { configOf, quietLogOf, sinkOf } from './session.js';

export const registerRender: Register = (program, context) => {
  program
    .command('render')
    .argument('<sink>', 'name of a sink in the config')
    .option(
      '--event <file>',
      'the event to show as JSON, or several as a list or one a line, such as "poll --dry-run" prints; - for standard input',
    )
    .summary('show what a sink would send')
    .description(
      'Shows exactly what would be sent to a sink, enabled or not, and sends nothing. Secrets of the settings, signatures and the query of the recording\'s URL are masked. A body of JSON in one line is indented to be read; it is sent, and signed, as --json shows it. Without --event it is a sample, such as "test" sends; of a sink with digest, both what one event alone and what several make. Several events of a file go in one digest there, and one after the other elsewhere.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier render pipeline\n  recording-notifier poll --dry-run | head -1 | recording-notifier render team-slack --event -',
    )
    .action(async (name: string, _, command) => {
      const options: CommonOptions & { readonly event?: string } = command.optsWithGlobals();
      const config = configOf(options, context);
      const sink = sinkOf(config, name);
      const messages = messagesFor(sink, options.event);
      for (const [index, message] of messages.entries()) {
        const rendered = await render(sink, message, { log: quietLogOf(config, context) });
        const masked = maskedWith(masksFor(sink, urlsOf(message)), rendered);
        tellWhatItIs(sink, message, context);
        if (options.json)
          await context.print(jsonLine({ sink: name, type: sink.definition.type, ...idsOf(message), ...masked }));
        else for (const line of [...(index > 0 ? [''] : []), ...linesOf(masked)]) await context.print(line);
        tellWhatIsOdd(sink, message, rendered.outcome, context);
      }
      context.end(EXIT.fine);
    });
};

function messagesFor(sink: SinkConfig, file: string | undefined): readonly Message[] {
  const nowMs = systemClock.nowMs();
  if (file !== undefined)
    return grouped(
      sink,
      readEventFile(file).map((event) => asSent(sink, event)),
    );
  const digest = sampleDigestFor(sink, nowMs);
  return digest === undefined ? [sampleFor(sink, nowMs)] : [sampleFor(sink, nowMs), digest];
}

/** An event of a file has its URL, unless the sink gets none. */
function asSent({ includeUrl }: SinkConfig, event: NotifierEvent): NotifierEvent {
  if (includeUrl || !isRecordingEvent(event)) return event;
  const recording = { ...event.data.recording, url: null, urlExpiresAt: null };
  return { ...event, data: { ...event.data, recording } };
}

/** As a lane would send what is due at once: events for operators by themselves, before what is collected. */
function grouped({ name, digest, definition }: SinkConfig, events: readonly NotifierEvent[]): readonly Message[] {
  if (digest === undefined || definition.deliverDigest === undefined) return events;
  const collected = events.filter(isRecordingEvent);
  const messages: Message[] = events.filter((event) => !isRecordingEvent(event));
  for (let from = 0; from < collected.length; from += digest.max) {
    const together = collected.slice(from, from + digest.max);
    const ids = together.map(({ id }) => deliveryIdOf(sha256, id, name));
    const [alone, ...others] = together;
    if (alone !== undefined && others.length === 0) messages.push(alone);
    else messages.push({ id: digestIdOf(sha256, ids), events: together });
  }
  return messages;
}

function eventsOf(message: Message): readonly NotifierEvent[] {
  return isDigest(message) ? message.events : [message];
}

function urlsOf(message: Message): readonly string[] {
  return eventsOf(message).flatMap((event) => (isRecordingEvent(event) ? (event.data.recording.url ?? []) : []));
}

interface Rendered {
  readonly requests: readonly RecordedRequest[];
  /** Lines to stdout. */
  readonly printed: readonly string[];
  readonly parts: readonly RenderedPart[];
  /** Undefined where nothing was tried. */
  readonly outcome: Outcome | undefined;
}

/** Runs the sink with a client that notes what it is given, so that what is shown is what would be sent. */
async function render(
  sink: SinkConfig,
  message: Message,
  { log }: { readonly log: Parameters<typeof attemptOnce>[3]['log'] },
): Promise<Rendered> {
  const { definition, name, settings, timeoutMs, timezone } = sink;
  const { http, requests } = createRecorder();
  const printed: string[] = [];
  const print = async (line: string) => void printed.push(line);
  const ports = { http, clock: systemClock, random: systemRandom, print };
  const signal = new AbortController().signal;
  if (definition.render !== undefined) {
    const given = { name, settings, progress: null, timeoutMs, timezone, ...ports, signal };
    const parts = isDigest(message) ? definition.renderDigest?.(message, given) : definition.render(message, given);
    if (parts === undefined)
      throw new CommandError(`give the type ${definition.type} a renderDigest, which says what a digest would be`);
    return { requests, printed, parts, outcome: undefined };
  }
  const outcome = await attemptOnce(sink, message, null, { ...ports, log }, signal);
  await definition.close?.(settings);
  if (requests.length === 0 && printed.length === 0) throw new CommandError(nothingSeen(sink, outcome));
  return { requests, printed, parts: [], outcome };
}

function nothingSeen({ name, definition }: SinkConfig, outcome: Outcome): string {
  if (outcome.kind === 'failed') return `${name} would send nothing: ${outcome.reason}: ${outcome.detail}`;
  return `${name} has sent the event, and not through context.http: give the type ${definition.type} a render, which says what it would send`;
}

type Shown = Omit<Rendered, 'outcome'>;

function maskedWith(masks: Masks, { requests, printed, parts }: Rendered): Shown {
  return {
    requests: requests.map(({ method, url, headers, body }) => ({
      method,
      url: masks.url(url),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, masks.header(name, value)])),
      body: body === undefined ? undefined : masks.text(body),
    })),
    printed: printed.map(masks.text),
    parts: parts.map(({ name, content }) => ({ name, content: maskedPart(name, content, masks) })),
  };
}

function linesOf({ requests, printed, parts }: Shown): string[] {
  const texts = [
    ...requests.map(({ method, url, headers, body }) => {
      const head = [`${method} ${url}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
      return [...head, ...(body === undefined ? [] : ['', indentedJson(body) ?? body])].join('\n');
    }),
    ...printed,
    ...parts.map(({ name, content }) => `--- ${name}\n${content}`),
  ];
  return texts.join('\n\n').split('\n').map(printable);
}

/** A heading, where a sink gets one thing or the other. */
function tellWhatItIs({ name, digest }: SinkConfig, message: Message, { tell }: CommandContext) {
  if (isDigest(message)) tell(`What ${name} gets where ${message.events.length} events go in a digest:`);
  else if (digest !== undefined && isRecordingEvent(message))
    tell(`What ${name}, which has a digest, gets where one event is due alone:`);
}

function tellWhatIsOdd(
  { name, events }: SinkConfig,
  message: Message,
  outcome: Outcome | undefined,
  { tell }: CommandContext,
) {
  for (const type of new Set(eventsOf(message).map((event) => event.type)))
    if (!events.includes(type)) tell(`${name} does not get ${type}: its events are ${events.join(', ')}.`);
  if (outcome?.kind === 'delivered' && outcome.receipt.endsWith(WITHOUT_TEMPLATE))
    tell(`The template of ${name} fails on this event, so it would get our own message.`);
}

/** An environment is masked variable by variable. */
function maskedPart(name: string, content: string, masks: Masks): string {
  return name === 'environment' ? content.split('\n').map(masks.variable).join('\n') : masks.text(content);
}
