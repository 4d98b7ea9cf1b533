import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lock, takeLock } from '../store/lock.js';
import type { ArchivedFile, ArchivedRecording } from './define.js';
import { recordingKey } from './manifest.js';

/** Parts that nobody has gone on with for so long are given up. */
const AGE_MAX_MS = 7 * 86_400_000;

export interface FolderPart {
  /** Without an extension. */
  readonly partPath: string;
  /** undefined where another has the part of this recording: then `partPath` is its taker's alone, and goes with it. */
  readonly lock: Lock | undefined;
}

interface Slot {
  readonly lock: Lock;
  users: number;
}

/**
 * The parts of files that are on their way into a folder. Each belongs to whoever holds the lock of its slot. Slots are few, so that
 * their files do not grow in number with the archive; those of us whose recordings share one hold it together. Where another process
 * holds it, a recording only loses that its part is kept.
 */
export class FolderParts {
  readonly #folder: string;
  readonly #nonce: () => string;
  readonly #slots = new Map<string, Slot>();
  readonly #held = new Set<string>();

  constructor(folder: string, nonce: () => string) {
    this.#folder = folder;
    this.#nonce = nonce;
  }

  take(recording: ArchivedRecording): FolderPart {
    const name = partNameOf(recording);
    const lock = this.#hold(name);
    return { lock, partPath: join(this.#folder, lock === undefined ? `${name}-${this.#nonce()}` : name) };
  }

  /** Takes away what nobody goes on with: parts of files that are there, and old ones. What is in use stays. */
  async sweep(
    nowMs: number,
    files: Iterable<ArchivedFile>,
    isThere: (file: ArchivedFile) => Promise<boolean>,
  ): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => !name.endsWith('.lock'));
    if (names.length === 0) return;
    const noted = new Map(Array.from(files, (file) => [partNameOf(file), file]));
    for (const name of names) {
      const [, part] = /^([0-9a-f]{32})\./.exec(name) ?? [];
      const file = noted.get(part ?? '');
      if ((file !== undefined && (await isThere(file))) || (await this.#isOld(name, nowMs)))
        await this.#forget(name, part);
    }
  }

  async #isOld(name: string, nowMs: number): Promise<boolean> {
    const found = await stat(join(this.#folder, name)).catch(() => undefined);
    return found !== undefined && found.mtimeMs < nowMs - AGE_MAX_MS;
  }

  async #forget(name: string, part: string | undefined): Promise<void> {
    const lock = part === undefined ? undefined : this.#hold(part);
    if (part !== undefined && lock === undefined) return;
    try {
      await rm(join(this.#folder, name), { force: true });
    } finally {
      lock?.release();
    }
  }

  #hold(part: string): Lock | undefined {
    if (this.#held.has(part)) return undefined;
    const name = part.slice(0, 3);
    const slot = this.#slots.get(name) ?? this.#openSlot(name);
    if (slot === undefined) return undefined;
    slot.users += 1;
    this.#held.add(part);
    return { release: () => this.#held.delete(part) && this.#leaveSlot(name, slot) };
  }

  #openSlot(name: string): Slot | undefined {
    const lock = takeLock(join(this.#folder, name), 0);
    if (lock === undefined) return undefined;
    const slot = { lock, users: 0 };
    this.#slots.set(name, slot);
    return slot;
  }

  #leaveSlot(name: string, slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0) return;
    this.#slots.delete(name);
    slot.lock.release();
  }
}

function partNameOf(recording: ArchivedRecording): string {
  return createHash('sha256').update(recordingKey(recording)).digest('hex').slice(0, 32);
}
