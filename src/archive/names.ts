import { createHash } from 'node:crypto';
import type { ArchivedRecording } from './define.js';

/** What a template may name, with what stands for it. */
const PLACEHOLDERS = {
  source: ({ source }) => source,
  room: ({ roomId }) => roomId ?? 'no-room',
  meeting: ({ meetingId }) => meetingId ?? 'no-meeting',
  uuid: ({ uuid }) => uuid,
  date: (recording) => createdAtOf(recording)?.slice(0, 10) ?? 'no-date',
  time: (recording) => createdAtOf(recording)?.slice(11, 19).replaceAll(':', '-') ?? 'no-time',
  occurrence: ({ occurrence }) => String(occurrence),
  ext: () => '',
} as const satisfies Record<string, (recording: ArchivedRecording) => string>;

export const DEFAULT_TEMPLATE = '{source}/{date}/{room}-{uuid}{ext}';

const TEMPLATE_CHARACTERS_MAX = 200;
const FOLDERS_MAX = 4;
/** Together with a prefix all of it fits into the 1,024 bytes of a key in S3. */
const FOLDER_BYTES_MAX = 120;
/** Leaves room for `.json` behind it, in the 255 bytes that file systems give a name. */
const FILE_BYTES_MAX = 240;

const EXTENSIONS = ['mp4', 'webm', 'mkv', 'mov', 'm4v', 'm4a', 'mp3', 'ogg', 'oga', 'ogv', 'wav', 'aac', 'flac', 'ts'];
const DEFAULT_EXTENSION = '.mp4';

/** Of a URL's path, where it is one that recordings have. */
export function extensionOf(url: string | null | undefined): string {
  const [, extension = ''] = /\.([0-9a-z]{1,5})$/i.exec(URL.parse(url ?? '')?.pathname ?? '') ?? [];
  return EXTENSIONS.includes(extension.toLowerCase()) ? `.${extension.toLowerCase()}` : DEFAULT_EXTENSION;
}

/** What is wrong with a template, in words; undefined when it can be used. */
export function templateProblem(template: string): string | undefined {
  if (template.length > TEMPLATE_CHARACTERS_MAX) return `it is longer than ${TEMPLATE_CHARACTERS_MAX} characters`;
  const unknown = [...template.matchAll(/\{([^}]*)\}/g)].find(([, name = '']) => !Object.hasOwn(PLACEHOLDERS, name));
  const known = Object.keys(PLACEHOLDERS).map((name) => `{${name}}`);
  if (unknown !== undefined) return `${unknown[0]} is unknown; there are ${known.join(' ')}`;
  if (/[{}]/.test(template.replaceAll(/\{[a-z]+\}/g, ''))) return 'a brace in it has no counterpart';
  const parts = template.split('/');
  if (parts.some((part) => part === '' || /^\.+$/.test(part))) return 'it has a part that is empty or made of dots';
  if (parts.length > FOLDERS_MAX + 1) return `it has more than ${FOLDERS_MAX} folders`;
  if (/\{ext\}./.test(template)) return '{ext} is not at its end';
  return undefined;
}

/**
 * Where the file of a recording lies in an archive, with `/` between its parts: safe on every file system, whatever the template and
 * the recording hold, and never outside.
 *
 * No two recordings and no two occurrences have the same path, also where case does not count. A path that ends in the uuid says so
 * by itself, if the source is its first folder; any other one ends in a hash.
 *
 * @param extension with its dot, from {@link extensionOf}
 */
export function archivePath(recording: ArchivedRecording, extension: string, template = DEFAULT_TEMPLATE): string {
  const parts = template.split('/').slice(-(FOLDERS_MAX + 1));
  const folders = parts.slice(0, -1).map((part) => safePart(filled(part, recording), FOLDER_BYTES_MAX));
  if (folders[0]?.toLowerCase() === 'manifest.jsonl') folders[0] = `_${folders[0]}`;
  const last = (parts.at(-1) ?? '').replaceAll('{ext}', '');
  const again = recording.occurrence === 1 ? '' : `.${recording.occurrence}`;
  const isTold = isTellingSource(recording.source) && parts[0] === '{source}' && isPlainUuid(recording.uuid);
  const [head, tail] =
    isTold && last.endsWith('{uuid}')
      ? [last.slice(0, -'{uuid}'.length), `${recording.uuid}${again}`]
      : [last, `_${hashOf(recording)}`];
  const end = `${tail}${extension}`;
  const stem = cleaned(filled(head, recording)).replace(/^[. ]+/, '');
  const name = withoutDevice(`${cut(stem, FILE_BYTES_MAX - end.length - 1)}${end}`);
  return [...folders, name].join('/');
}

function filled(part: string, recording: ArchivedRecording): string {
  return part.replaceAll(/\{([a-z]+)\}/g, (text, name: string) =>
    Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name as keyof typeof PLACEHOLDERS](recording) : text,
  );
}

function createdAtOf({ createdAt }: ArchivedRecording): string | undefined {
  const ms = Date.parse(createdAt ?? '');
  const text = Number.isNaN(ms) ? '' : new Date(ms).toISOString();
  return /^\d{4}-/.test(text) ? text : undefined;
}

/** One that no other source's name can be taken for where case does not count. */
function isTellingSource(source: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,62}$/.test(source) && withoutDevice(source) === source;
}

function isPlainUuid(uuid: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid);
}

/** Sixteen digits behind an underscore: no uuid ends so. */
function hashOf({ source, uuid, occurrence }: ArchivedRecording): string {
  return createHash('sha256')
    .update(JSON.stringify([source, uuid, occurrence]))
    .digest('hex')
    .slice(0, 16);
}

function safePart(text: string, bytesMax: number): string {
  const part = cut(cleaned(text).replace(/^[. ]+/, ''), bytesMax - 1).replace(/[. ]+$/, '');
  return part === '' ? '_' : withoutDevice(part);
}

/** Without what is no letter, no digit and no plain sign: separators, wildcards, control and direction characters, lone surrogates. */
function cleaned(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[\s\p{Z}]+/gu, '-')
    .replaceAll(/[\p{C}<>:"/\\|?*%~`$&;#'!^{}[\]]/gu, '_');
}

/** To so many bytes of UTF-8, and no half characters. */
function cut(text: string, bytesMax: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Windows takes these for devices, whatever their extension. */
function withoutDevice(name: string): string {
  return /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=\.|$)/i.test(name) ? `_${name}` : name;
}
