import type { Owner } from './records.js';

export type StoreOperation = 'open' | 'read' | 'write' | 'delete' | 'scan' | 'close' | 'decode';

/**
 * The store did not do what was asked. The message is for the operator: which store, what failed, what would do. It holds keys and
 * paths, never a value or a credential.
 */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly operation: StoreOperation;
  /** As in `Store.label`. */
  readonly label: string;

  constructor(operation: StoreOperation, label: string, problem: string, cause?: unknown) {
    super(`${label}: ${FAILED[operation]}: ${problem}`, { cause });
    this.operation = operation;
    this.label = label;
  }
}

const FAILED = {
  open: 'the store cannot be opened',
  read: 'reading failed',
  write: 'writing failed',
  delete: 'deleting failed',
  scan: 'a scan was not complete',
  close: 'closing failed',
  decode: 'the record cannot be read',
} as const satisfies Record<StoreOperation, string>;

/** There is nothing to read, and whoever only reads does not make it. */
export class StoreMissingError extends StoreError {
  override readonly name = 'StoreMissingError';
  /** As in `OpenedStore`, of the server that would hold it. */
  readonly warnings: readonly string[];

  constructor(label: string, path: string, warnings: readonly string[] = []) {
    super('open', label, `there is no store at ${path} yet: "recording-notifier run" makes one`);
    this.warnings = warnings;
  }
}

/** Another process owns the store, or this one does already. */
export class OwnedError extends StoreError {
  override readonly name = 'OwnedError';
  /** undefined when it has not signed the store, or not so that this program can read it. */
  readonly owner: Owner | undefined;

  constructor(label: string, owner: Owner | undefined) {
    super('open', label, `it is owned by ${describe(owner)}`);
    this.owner = owner;
  }
}

/** This process was the owner, and could not keep it. Nothing that it remembers can be relied on any more, so it has to end. */
export class OwnershipLostError extends StoreError {
  override readonly name = 'OwnershipLostError';

  constructor(label: string, owner: Owner | undefined) {
    super('write', label, `the connection was lost for so long that ${describe(owner)} has taken the store over`);
  }
}

function describe(owner: Owner | undefined): string {
  if (owner === undefined) return 'another process';
  const { host, pid, sinceMs } = owner;
  return `process ${pid} on ${host} since ${new Date(sinceMs).toISOString()}`;
}

export class StoreVersionError extends StoreError {
  override readonly name = 'StoreVersionError';
  readonly found: number;
  readonly understood: number;

  constructor(label: string, found: number, understood: number) {
    super(
      'open',
      label,
      `it has version ${found}, and this recording-notifier understands up to ${understood}: use the newer program, or another store`,
    );
    this.found = found;
    this.understood = understood;
  }
}

/** An owner has to migrate it first. */
export class StoreOutdatedError extends StoreError {
  override readonly name = 'StoreOutdatedError';

  constructor(label: string, found: number, understood: number) {
    super(
      'open',
      label,
      `it has version ${found}, and this recording-notifier needs ${understood}: start "recording-notifier run", which keeps a copy and migrates it; a program that runs on it already has to be restarted`,
    );
  }
}
