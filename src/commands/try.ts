import type { Recording } from '../core/recording.js';
import { timeFromNow } from '../core/time-words.js';
import { urlExpiryMs } from '../core/url-expiry.js';
import { jsonLine, printable } from '../observe/printable.js';
import { type FirstLook, type SeenRow, SourceError } from '../source/define.js';
import { systemClock } from '../system.js';
import { pausedText } from '../views/pause-words.js';
import {
  type CommandContext,
  CommandError,
  type CommonOptions,
  EXIT,
  type ExitCode,
  type Register,
} from './command.js';
import { type Masks, masksFor } from './secrets.js';
import { configOf, httpOf, sourceNamed } from './session.js';
import { printRows } from './table.js';
import { openForTrial } from './trials.js';
import { knownOf, meaningOf } from './try-known.js';
import { watchedHttp } from './watched-http.js';

export const registerTry: Register = (program, context) => {
  program
    .command('try')
    .argument('<source>', 'name of a source in the config')
    .summary('fetch one page of a source and show how each row is understood')
    .description(
      'Fetches the first page of the list with the credentials of the source, and shows what a poll would make of each row by what is remembered. Nothing is stored and nobody is told; works beside a running program. Exit code 1 when a poll would fail.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier try production\n  recording-notifier try production --json | jq \'select(.kind == "rejected")\'',
    )
    .action(async (name: string, _, command) => {
      context.end(await trySource(name, command.optsWithGlobals(), context));
    });
};

async function trySource(name: string, options: CommonOptions, context: CommandContext): Promise<ExitCode> {
  const config = configOf(options, context);
  const sourceConfig = sourceNamed(config, name);
  const configured = httpOf(config, context);
  const watched = watchedHttp(configured, systemClock);
  const masks = masksFor(sourceConfig);
  try {
    const source = openForTrial(sourceConfig, watched.http, config, context);
    const look = await source.look(new AbortController().signal);
    const nowMs = systemClock.nowMs();
    const known = await knownOf(look, sourceConfig, source.scope, config, context);
    const meaning = (recording: Recording) => meaningOf(recording, known, sourceConfig, look.link !== undefined);
    await printRows(rowsOf(look, meaning, nowMs), COLUMNS, options, context);
    // A program reads stdout: there are rows alone.
    const say = options.json ? async (line: string) => context.tell(line) : context.print;
    for (const line of summaryOf(look, options, nowMs)) await say(printable(line));
    await say(printable(requestWords(watched, masks)));
    if (known.pause !== undefined) context.tell(pausedText(known.pause, config));
    if (look.problem === undefined) return EXIT.fine;
    throw new CommandError(`source ${name}: a poll would not be complete: ${look.problem}`);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    context.tell(printable(requestWords(watched, masks)));
    throw new CommandError(printable(error.message), { cause: error });
  } finally {
    await configured.close();
  }
}

const COLUMNS = {
  shown: ['row', 'meaning', 'uuid', 'roomId', 'meetingId', 'status', 'createdAt', 'url'],
  leastFirst: ['meetingId', 'createdAt', 'url', 'status', 'roomId', 'uuid'],
} as const;

/** Of those of which there is more to say. */
const ABOUT_ROWS_MAX = 20;

type Row = ReturnType<typeof rowOf>;

type Meaning = (recording: Recording) => ReturnType<typeof meaningOf>;

async function* rowsOf({ rows, link }: FirstLook, meaning: Meaning, nowMs: number): AsyncGenerator<Row> {
  for (const [index, row] of rows.entries()) yield rowOf(row, index + 1, meaning, nowMs, link !== undefined);
}

/** Of the URL the host alone: the rest of it opens the recording. */
function rowOf(seen: SeenRow, row: number, meaning: Meaning, nowMs: number, isLinked: boolean) {
  if ('rejected' in seen) {
    const nothing = { uuid: null, roomId: null, meetingId: null, status: null, createdAt: null };
    const noUrl = { url: null, urlHost: null, urlExpiresAt: null, leftOut: null, remembered: null };
    return { row, kind: 'rejected', meaning: `not a recording: ${seen.rejected}`, ...nothing, ...noUrl };
  }
  const { url: address, ...recording } = seen.recording;
  const urlHost = address === null ? null : (URL.parse(address)?.host ?? null);
  const expiresAtMs = address === null ? null : urlExpiryMs(address);
  return {
    row,
    ...meaning(seen.recording),
    uuid: recording.uuid as string,
    roomId: recording.roomId,
    meetingId: recording.meetingId,
    status: recording.status,
    createdAt: recording.createdAt,
    url: isLinked && address === null ? 'asked for by itself' : urlWords(address, urlHost, expiresAtMs, nowMs),
    urlHost,
    urlExpiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    leftOut: seen.leftOut.length === 0 ? null : seen.leftOut.join(', '),
  };
}

function urlWords(url: string | null, host: string | null, expiresAtMs: number | null, nowMs: number): string {
  if (url === null) return 'no';
  if (host === null) return 'yes, but it is not a whole URL';
  if (expiresAtMs === null) return `yes, at ${host}, no expiry known`;
  const when = timeFromNow(expiresAtMs, nowMs);
  return `yes, at ${host}, ${expiresAtMs > nowMs ? 'expires' : 'expired'} ${when}`;
}

function* summaryOf(
  { rows, unknownFields, paging, link }: FirstLook,
  { json }: CommonOptions,
  nowMs: number,
): Generator<string> {
  if (!json && rows.length > 0) yield '';
  const rejected = rows.filter((row) => 'rejected' in row).length;
  yield `rows     ${rows.length}${rejected === 0 ? '' : `, of which ${rejected} are set aside`}`;
  let shown = 0;
  for (const [index, row] of rows.entries()) {
    const about = aboutRow(row);
    if (about === undefined || shown === ABOUT_ROWS_MAX) continue;
    shown += 1;
    yield `         row ${index + 1}: ${about}`;
  }
  yield `paging   ${paging}`;
  if (link !== undefined) yield `link     of row ${link.row}: ${link.problem ?? addressWords(link.url, nowMs)}`;
  if (unknownFields.length > 0)
    yield `fields   not used: ${unknownFields.map((field) => jsonLine(field).slice(1, -1)).join(', ')}`;
}

/** A table cuts what is long. */
function aboutRow(row: SeenRow): string | undefined {
  if ('rejected' in row) return row.rejected;
  const fields = row.leftOut.join(', ');
  return fields === '' ? undefined : `${fields}: no text, or too long, and taken as missing`;
}

function addressWords(url: string | null, nowMs: number): string {
  if (url === null) return urlWords(null, null, null, nowMs);
  return urlWords(url, URL.parse(url)?.host ?? null, urlExpiryMs(url), nowMs);
}

function requestWords({ last: lastOf, count: countOf }: ReturnType<typeof watchedHttp>, masks: Masks): string {
  const [last, count] = [lastOf(), countOf()];
  if (last === undefined) return 'request  none was sent';
  const { method, url, came, durationMs } = last;
  return `request  ${method} ${masks.query(url)}: ${came} in ${durationMs} ms${count > 1 ? `, request ${count}` : ''}`;
}
