import { createVerification } from '../archive/drain-verify.js';
import type { ArchivePlace } from '../archive/place.js';
import { jsonLine, printable } from '../observe/printable.js';
import { systemClock } from '../system.js';
import { type CommandContext, EXIT, type ExitCode } from './command.js';
import { showProgress, verifyStandings } from './drain-progress.js';
import { countText, sizeText } from './drain-words.js';

export interface VerifyScene {
  readonly place: ArchivePlace;
  readonly json: boolean;
  readonly context: CommandContext;
  readonly signal: AbortSignal;
}

/** Reads the archive and prints what is wrong with it. */
export async function verify({ place, json, context, signal }: VerifyScene): Promise<ExitCode> {
  const { tally, findings } = createVerification(place.target);
  const progress = showProgress(verifyStandings(tally, systemClock), {
    clock: systemClock,
    statusLine: context.statusLine,
    tell: context.tell,
    tellFields: json ? (line) => void context.print(line).catch(() => undefined) : undefined,
  });
  try {
    for await (const finding of findings(signal)) {
      progress.clear();
      const { kind, path, detail } = finding;
      await context.print(json ? jsonLine({ kind, path, detail }) : printable(`${kind}  ${path}: ${detail}`));
    }
  } finally {
    progress.stop();
  }
  const { files, bytes, findings: wrong } = tally;
  const isStopped = signal.aborted;
  const read = `${place.target.label}: ${countText(files, 'file')}, ${sizeText(bytes)} read`;
  const verdict = wrong > 0 ? `${wrong} wrong` : 'all as they were archived';
  if (json)
    await context.print(jsonLine({ kind: 'report', archive: place.target.label, files, bytes, wrong, isStopped }));
  else await context.print(`${read}; ${isStopped ? 'stopped before the end' : verdict}`);
  return wrong === 0 && !isStopped ? EXIT.fine : EXIT.failed;
}
