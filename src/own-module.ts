import { createRequire, isBuiltin } from 'node:module';
import { resolve } from 'node:path';

/** Types of sink and source that a config takes from modules: `type: ./my-sink.js`, or a package. */

/** A module that should have given a type, and why it did not, as a predicate. */
export interface UnusableType {
  readonly type: string;
  readonly problem: string;
}

/** What a module has to give. */
export interface Wanted<Definition> {
  /** `sink` or `source`: the name of the export. */
  readonly kind: 'sink' | 'source';
  /** What makes one. */
  readonly maker: string;
  /** What awaits later, in place of the module's top level. */
  readonly awaits: string;
  /** What keeps a value from being such a type, as a predicate; undefined when it is one. */
  flawOf(value: unknown): string | undefined;
  define(value: unknown): Definition;
}

/** A message of somebody else's code, cut to what helps. */
const MESSAGE_LENGTH_MAX = 300;

/**
 * The type that a module exports by its kind or as its default, called by the name that the config has for it: `./my-sink.js`, from
 * the working directory, or a package that is installed there. Undefined when the name is neither.
 *
 * It is loaded by `require`, which takes modules of both kinds, and at once: one that awaits at its top level cannot be.
 */
export function loadOwnType<Definition extends object>(
  type: string,
  wanted: Wanted<Definition>,
): Definition | UnusableType | undefined {
  const isPath = /^\.{0,2}\//.test(type);
  if (!isPath && (!isPackageName(type) || isBuiltin(type))) return undefined;
  const required = createRequire(resolve('notifier.config'));
  let file: string;
  try {
    file = required.resolve(type);
  } catch (error) {
    if (!isPath && !type.includes('/') && codeOf(error) === 'MODULE_NOT_FOUND') return undefined;
    return { type, problem: unresolved(error, isPath, wanted.kind) };
  }
  try {
    return typeOf(required(file), type, wanted);
  } catch (error) {
    return { type, problem: unloaded(error, wanted.awaits) };
  }
}

function isPackageName(name: string): boolean {
  return /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(?:\/[\w.-]+)*$/.test(name) && name.length <= 214;
}

function typeOf<Definition extends object>(
  module: unknown,
  type: string,
  { kind, maker, flawOf, define }: Wanted<Definition>,
): Definition | UnusableType {
  const found = exportOf(module, kind);
  if (found === undefined) {
    return { type, problem: `exports no ${kind} type; export one that ${maker} made as "${kind}"` };
  }
  const flaw = flawOf(found);
  return flaw === undefined ? { ...define(found), type } : { type, problem: `is no ${kind} type: it ${flaw}` };
}

function exportOf(module: unknown, kind: string): unknown {
  if (typeof module !== 'object' || module === null) return undefined;
  const { [kind]: named, default: standard } = module as Readonly<Record<string, unknown>>;
  return named ?? standard;
}

function unresolved(error: unknown, isPath: boolean, kind: string): string {
  if (codeOf(error) !== 'MODULE_NOT_FOUND') return `cannot be loaded: ${messageOf(error)}`;
  return isPath
    ? 'cannot be loaded: there is no such file; write a path from the working directory'
    : `cannot be loaded: no package of that name is installed; install it, or write a path such as ./my-${kind}.js`;
}

function unloaded(error: unknown, awaits: string): string {
  if (codeOf(error) === 'ERR_REQUIRE_ASYNC_MODULE')
    return `cannot be loaded: it awaits at its top level; await in ${awaits}`;
  const hint = isModuleTakenForScript(error) ? '; write "type": "module" in its package.json, or call it .mjs' : '';
  return `cannot be loaded: ${messageOf(error)}${hint}`;
}

/** What Node says of `import` and `export` in a file that the package.json above it makes CommonJS. */
function isModuleTakenForScript(error: unknown): boolean {
  return (
    messageOf(error).startsWith('SyntaxError: ') && /outside a module|Unexpected token 'export'/.test(messageOf(error))
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split('\n');
  return line.slice(0, MESSAGE_LENGTH_MAX);
}
