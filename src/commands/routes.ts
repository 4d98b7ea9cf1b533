import { Option } from 'commander';
import type { Config, SinkConfig } from '../config/config.js';
import { listed } from '../config/words.js';
import { EVENT_TYPES, type EventType, isRecordingEventType } from '../core/event.js';
import { fitsGlob, type Subject, type Verdict, verdictsOf } from '../core/routing.js';
import { jsonLine, printable } from '../observe/printable.js';
import { paintFor, paintIn } from './color.js';
import { type CommonOptions, EXIT, type Register, UsageError } from './command.js';
import { configOf } from './session.js';

interface RoutesOptions extends CommonOptions {
  readonly source?: string;
  readonly room?: string;
  readonly meeting?: string;
  readonly event: EventType;
}

export const registerRoutes: Register = (program, context) => {
  program
    .command('routes')
    .option('--source <name>', 'of which source the recording is; not needed where the config has one alone')
    .option('--room <id>', 'in which room; "" for a recording that has none')
    .option('--meeting <id>', 'in which meeting; likewise')
    .addOption(
      new Option('--event <type>', 'of which event').choices(Object.keys(EVENT_TYPES)).default('recording.available'),
    )
    .summary('which sinks would get a recording, and why or why not')
    .description(
      'Tells for every sink whether it would get an event, key by key. What is not given may be anything: a sink that asks for it depends on it.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier routes --room lobby\n  recording-notifier routes --source production --event source.failing --json',
    )
    .action(async (_, command) => {
      const options: RoutesOptions = command.optsWithGlobals();
      const config = configOf(options, context);
      const subject = subjectOf(options, config);
      const paint = paintFor(context);
      if (!options.json) await context.print(printable(`${subjectWords(subject)}:`));
      for (const sink of config.sinks) {
        const route = routeOf(sink, subject);
        if (options.json) await context.print(jsonLine({ type: subject.type, ...route }));
        else for (const line of linesOf(route)) await context.print(paintIn(printable(line), ANSWER, paint));
      }
      context.end(EXIT.fine);
    });
};

function subjectOf({ source, room, meeting, event: type }: RoutesOptions, { sources }: Config): Subject {
  const names = sources.map(({ name }) => name);
  const hasSource = isRecordingEventType(type) || type.startsWith('source.');
  if (!hasSource && source !== undefined)
    throw new UsageError(`Events of type ${type} are of no source; leave out --source.`);
  if (!isRecordingEventType(type) && (room ?? meeting) !== undefined)
    throw new UsageError(`Events of type ${type} are of no room or meeting; leave out --room and --meeting.`);
  if (source !== undefined && !names.includes(source))
    throw new UsageError(`The config has no source "${source}"; it has ${listed(names)}.`);
  const only = names.length === 1 ? names[0] : undefined;
  return { type, source: hasSource ? (source ?? only) : null, room: orNone(room), meeting: orNone(meeting) };
}

function orNone(text: string | undefined): string | null | undefined {
  return text === '' ? null : text;
}

function subjectWords({ type, source, room, meeting }: Subject): string {
  const of = source === null ? '' : ` of ${source === undefined ? 'any source' : `source ${source}`}`;
  const where = isRecordingEventType(type) ? `, ${placeWords('room', room)}, ${placeWords('meeting', meeting)}` : '';
  const about = source === null ? ' of another sink' : '';
  return `${type}${of}${about}${where}`;
}

function placeWords(what: string, id: string | null | undefined): string {
  if (id === undefined) return `any ${what}`;
  return id === null ? `no ${what}` : `${what} ${id}`;
}

interface KeyLine {
  readonly key: Verdict['key'] | 'enabled';
  readonly fits: boolean | null;
  readonly found: string | boolean | null;
  /** Null: the sink does not have the key. */
  readonly wanted: readonly (string | boolean)[] | null;
  readonly why: string;
}

interface SinkRoute {
  readonly sink: string;
  /** Null: it depends on what was not given. */
  readonly gets: boolean | null;
  readonly keys: readonly KeyLine[];
}

function routeOf(sink: SinkConfig, subject: Subject): SinkRoute {
  const { enabled } = sink;
  const why = enabled ? 'true' : 'false: new events make no deliveries for it';
  const keys: readonly KeyLine[] = [
    ...verdictsOf(sink, subject).map(lineOfKey),
    { key: 'enabled', fits: enabled, found: enabled, wanted: [true], why },
  ];
  const gets = keys.some(({ fits }) => fits === false) ? false : keys.some(({ fits }) => fits === null) ? null : true;
  return { sink: sink.name, gets, keys };
}

function lineOfKey(verdict: Verdict): KeyLine {
  const { key, fits = null, found = null, wanted = null } = verdict;
  return { key, fits, found, wanted, why: whyOf(verdict) };
}

const OPTIONS = {
  events: 'event',
  'only.sources': 'source',
  'only.rooms': 'room',
  'only.meetings': 'meeting',
} as const;

function whyOf({ key, found, wanted, fits }: Verdict): string {
  if (key === 'events') return `${found} is ${fits === true ? '' : 'not '}in ${listed(wanted ?? [])}`;
  if (wanted === undefined) return 'not set: takes any';
  const globs = wanted.map((glob) => JSON.stringify(glob));
  const option = OPTIONS[key];
  if (found === undefined) return `depends on --${option}: takes ${listed(globs, 'or')}`;
  const by = wanted.find((glob) => fitsGlob(glob, found));
  const what = found === null ? `having no ${option}` : JSON.stringify(found);
  if (by !== undefined) return `${what} fits ${JSON.stringify(by)}`;
  return `${what} fits none of ${listed(globs)}${found === null ? '; only "*" would do' : ''}`;
}

/** What is set, and one line where no key of `only` is. `events`, which every sink has, is first. */
function linesOf({ sink, gets, keys }: SinkRoute): readonly string[] {
  const said = keys.filter(({ key, fits, wanted }) => (key === 'enabled' ? fits === false : wanted !== null));
  const unset = keys.flatMap(({ key, wanted }) => (isOnly(key) && wanted === null ? [OPTIONS[key]] : []));
  const isBare = unset.length > 0 && !said.some(({ key }) => isOnly(key));
  const lines = said.map(({ key, fits, why }) => lineOf(key, fits, why));
  const bare = isBare ? [lineOf('only', true, `not set: every ${listed(unset)}`)] : [];
  return [`${sink}: ${answerOf(gets)}`, ...lines.toSpliced(1, 0, ...bare)];
}

/** After the name of a sink, or of a key. */
const ANSWER = /^([^ ]+: | {2}[^ ]+ +)(yes|no|depends)\b/;

function isOnly(key: KeyLine['key']): key is keyof typeof OPTIONS {
  return key.startsWith('only.');
}

function lineOf(key: string, fits: boolean | null, why: string): string {
  return `  ${key.padEnd(13)}  ${answerOf(fits).padEnd(7)}  ${why}`;
}

function answerOf(fits: boolean | null): string {
  if (fits === null) return 'depends';
  return fits ? 'yes' : 'no';
}
