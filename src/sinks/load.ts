import { createRequire, isBuiltin } from 'node:module';
import { resolve } from 'node:path';
import type { SinkDefinition } from './define.js';
import { defineOwnSink, flawOf, type OwnSink } from './own.js';

/** A module that should have given a sink type, and why it did not, as a predicate. */
export interface UnusableType {
  readonly type: string;
  readonly problem: string;
}

/** A message of somebody else's code, cut to what helps. */
const MESSAGE_LENGTH_MAX = 300;

/**
 * The sink type that a module exports as `sink` or as its default, called by the name that the config has for it: `./my-sink.js`, from
 * the working directory, or a package that is installed there. Undefined when the name is neither.
 *
 * It is loaded by `require`, which takes modules of both kinds, and at once: one that awaits at its top level cannot be.
 */
export function loadSinkType(type: string): SinkDefinition | UnusableType | undefined {
  const isPath = /^\.{0,2}\//.test(type);
  if (!isPath && (!isPackageName(type) || isBuiltin(type))) return undefined;
  const required = createRequire(resolve('notifier.config'));
  let file: string;
  try {
    file = required.resolve(type);
  } catch (error) {
    if (!isPath && !type.includes('/') && codeOf(error) === 'MODULE_NOT_FOUND') return undefined;
    return { type, problem: unresolved(error, isPath) };
  }
  try {
    return sinkTypeOf(required(file), type);
  } catch (error) {
    return { type, problem: unloaded(error) };
  }
}

function isPackageName(name: string): boolean {
  return /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(?:\/[\w.-]+)*$/.test(name) && name.length <= 214;
}

function sinkTypeOf(module: unknown, type: string): SinkDefinition | UnusableType {
  const found = exportOf(module);
  if (found === undefined) return { type, problem: 'exports no sink type; export one that defineSink made as "sink"' };
  const flaw = flawOf(found);
  return flaw === undefined
    ? { ...defineOwnSink(found as OwnSink), type }
    : { type, problem: `is no sink type: it ${flaw}` };
}

function exportOf(module: unknown): unknown {
  if (typeof module !== 'object' || module === null) return undefined;
  const { sink, default: standard } = module as { readonly sink?: unknown; readonly default?: unknown };
  return sink ?? standard;
}

function unresolved(error: unknown, isPath: boolean): string {
  if (codeOf(error) !== 'MODULE_NOT_FOUND') return `cannot be loaded: ${messageOf(error)}`;
  return isPath
    ? 'cannot be loaded: there is no such file; write a path from the working directory'
    : 'cannot be loaded: no package of that name is installed; install it, or write a path such as ./my-sink.js';
}

function unloaded(error: unknown): string {
  if (codeOf(error) === 'ERR_REQUIRE_ASYNC_MODULE')
    return 'cannot be loaded: it awaits at its top level; await in deliver';
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
