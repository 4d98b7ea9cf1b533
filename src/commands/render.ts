import type { SinkConfig } from '../config/config.js';
import { isRecordingEvent, type NotifierEvent } from '../core/event.js';
import type { Outcome } from '../core/failure.js';
import { attemptOnce } from '../engine/attempt.js';
import { jsonLine, printable } from '../observe/printable.js';
import type { RenderedPart } from '../sinks/define.js';
import { systemClock, systemRandom } from '../system.js';
import { WITHOUT_TEMPLATE } from '../template/use.js';
import { type CommandContext, CommandError, type CommonOptions, EXIT, type Register } from './command.js';
import { readEventFile } from './event-file.js';
import { createRecorder, type RecordedRequest } from './recorder.js';
import { sampleFor } from './sample.js';
import { type Masks, masksFor } from './secrets.js';
import { configOf, quietLogOf, sinkOf } from './session.js';

export const registerRender: Register = (program, context) => {
  program
    .command('render')
    .argument('<sink>', 'name of a sink in the config')
    .option('--event <file>', 'the event to show, as JSON, such as "poll --dry-run" prints; - for standard input')
    .summary('show what a sink would send')
    .description(
      'Shows exactly what would be sent to a sink, enabled or not, and sends nothing. Secrets of the settings, signatures and the query of the recording\'s URL are masked. Without --event it is the sample that "test" sends.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier render pipeline\n  recording-notifier poll --dry-run | head -1 | recording-notifier render team-slack --event -',
    )
    .action(async (name: string, _, command) => {
      const options: CommonOptions & { readonly event?: string } = command.optsWithGlobals();
      const config = configOf(options, context);
      const sink = sinkOf(config, name);
      const event = eventFor(sink, options.event);
      const rendered = await render(sink, event, { log: quietLogOf(config, context) });
      const masked = maskedWith(masksFor(sink, urlOf(event)), rendered);
      if (options.json)
        await context.print(jsonLine({ sink: name, type: sink.definition.type, event: event.id, ...masked }));
      else for (const line of linesOf(masked)) await context.print(line);
      tellWhatIsOdd(sink, event, rendered.outcome, context);
      context.end(EXIT.fine);
    });
};

/** An event of a file has its URL, unless the sink gets none. */
function eventFor(sink: SinkConfig, file: string | undefined): NotifierEvent {
  if (file === undefined) return sampleFor(sink, systemClock.nowMs());
  const event = readEventFile(file);
  if (sink.includeUrl || !isRecordingEvent(event)) return event;
  const recording = { ...event.data.recording, url: null, urlExpiresAt: null };
  return { ...event, data: { ...event.data, recording } };
}

function urlOf(event: NotifierEvent): string | null {
  return isRecordingEvent(event) ? event.data.recording.url : null;
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
  event: NotifierEvent,
  { log }: { readonly log: Parameters<typeof attemptOnce>[3]['log'] },
): Promise<Rendered> {
  const { definition, name, settings, timeoutMs, timezone } = sink;
  const { http, requests } = createRecorder();
  const printed: string[] = [];
  const print = async (line: string) => void printed.push(line);
  const ports = { http, clock: systemClock, random: systemRandom, print };
  const signal = new AbortController().signal;
  if (definition.render !== undefined) {
    const parts = definition.render(event, { name, settings, progress: null, timeoutMs, timezone, ...ports, signal });
    return { requests, printed, parts, outcome: undefined };
  }
  const outcome = await attemptOnce(sink, event, null, { ...ports, log }, signal);
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
    parts: parts.map(({ name, content }) => ({ name, content: masks.text(content) })),
  };
}

function linesOf({ requests, printed, parts }: Shown): string[] {
  const texts = [
    ...requests.map(({ method, url, headers, body }) => {
      const head = [`${method} ${url}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
      return [...head, ...(body === undefined ? [] : ['', body])].join('\n');
    }),
    ...printed,
    ...parts.map(({ name, content }) => `--- ${name}\n${content}`),
  ];
  return texts.join('\n\n').split('\n').map(printable);
}

function tellWhatIsOdd(
  { name, events, digest }: SinkConfig,
  event: NotifierEvent,
  outcome: Outcome | undefined,
  { tell }: CommandContext,
) {
  if (!events.includes(event.type)) tell(`${name} does not get ${event.type}: its events are ${events.join(', ')}.`);
  if (digest !== undefined && isRecordingEvent(event))
    tell(`${name} has a digest: this is what it gets where one event is due alone; several go in one message.`);
  if (outcome?.kind === 'delivered' && outcome.receipt.endsWith(WITHOUT_TEMPLATE))
    tell(`The template of ${name} fails on this event, so it would get our own message.`);
}
