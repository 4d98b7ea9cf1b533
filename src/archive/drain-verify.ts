import { createHash } from 'node:crypto';
import { type ArchivedFile, ArchiveError, type ArchiveTarget, type Inspected } from './define.js';

export interface Finding {
  /** damaged: its bytes are not those that were archived. The others as in {@link Inspected}. */
  readonly kind: 'damaged' | Exclude<Inspected['kind'], 'file'>;
  readonly path: string;
  /** What was noted and what was found, in words. */
  readonly detail: string;
}

/** How far a verification is. */
export interface VerifyTally {
  readonly files: number;
  readonly bytes: number;
  readonly findings: number;
}

export interface Verification {
  readonly tally: VerifyTally;
  /** What is wrong, as it is found. Ends early when the signal comes. */
  findings(signal: AbortSignal): AsyncGenerator<Finding, void, void>;
}

/** Reads every file of an archive and holds it against what was noted when it was archived. Writes nothing. */
export function createVerification(target: Pick<ArchiveTarget, 'inspect' | 'read'>): Verification {
  const tally = { files: 0, bytes: 0, findings: 0 };
  return { tally, findings };

  async function* findings(signal: AbortSignal): AsyncGenerator<Finding, void, void> {
    for await (const inspected of target.inspect()) {
      if (signal.aborted) return;
      if (inspected.kind === 'file') tally.files += 1;
      const finding = inspected.kind === 'file' ? await readThrough(inspected.file, signal) : findingOf(inspected);
      if (finding === undefined || signal.aborted) continue;
      tally.findings += 1;
      yield finding;
    }
  }

  async function readThrough(file: ArchivedFile, signal: AbortSignal): Promise<Finding | undefined> {
    const hash = createHash('sha256');
    let bytes = 0;
    const damaged = (detail: string): Finding => ({ kind: 'damaged', path: file.path, detail });
    try {
      for await (const chunk of target.read(file)) {
        if (signal.aborted) return undefined;
        hash.update(chunk);
        bytes += chunk.length;
        tally.bytes += chunk.length;
      }
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      return damaged(`it cannot be read: ${error.message}`);
    }
    if (bytes !== file.bytes) return damaged(`it has ${bytes} bytes; ${file.bytes} were archived`);
    const sha256 = hash.digest('hex');
    return sha256 === file.sha256 ? undefined : damaged(`its SHA-256 is ${sha256}; ${file.sha256} was archived`);
  }
}

function findingOf(inspected: Exclude<Inspected, { kind: 'file' }>): Finding {
  switch (inspected.kind) {
    case 'missing': {
      const { path, source, uuid } = inspected.file;
      return {
        kind: 'missing',
        path,
        detail: `recording ${uuid} of ${source} was archived here, and the file is gone`,
      };
    }
    case 'disputed':
      return inspected;
    case 'unknown':
      return { kind: 'unknown', path: inspected.path, detail: 'no note of the archive names it' };
  }
}
