import { posix } from 'node:path';
import { parseSync } from '@swc/core';

/** What rules about source files look at. */
export interface SourceFile {
  /** From src/, such as `engine/poller.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** Names of the language and of Node that are used without being declared or imported in the file. */
  readonly free: ReadonlySet<string>;
  /** `Date.now`, `new Date` (`new Date()` if without arguments too), `Date()`, `await`, `async`, `export default`. */
  readonly uses: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
}

export interface Import {
  /** A path as in {@link SourceFile.path}, or the name of a package. */
  readonly from: string;
  /** Imported names as the other file exports them; `*` for all. */
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

export interface Export {
  readonly name: string;
  readonly isType: boolean;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export function parseSource(path: string, text: string): SourceFile {
  const reading = new Reading(path);
  reading.visit(parseSync(text, { syntax: 'typescript', target: 'es2024' }).body, 'code');
  const { imports, exports, used, declared, uses, strings } = reading;
  return { path, text, imports, exports, free: used.difference(declared), uses, strings };
}

/** Where a name stands: it is used, it is declared, or it is one of a type and neither. */
type Place = 'code' | 'pattern' | 'type';

/** Keys under which a node holds the names that it declares. */
const BINDING_KEYS = ['id', 'identifier', 'local', 'param', 'params', 'pat'];
/** Keys inside a pattern under which there is an expression: a default value. */
const DEFAULT_KEYS = { AssignmentPattern: 'right', AssignmentPatternProperty: 'value' } as Record<string, string>;
/** Nodes of TypeScript that are no types. */
const WRAPPERS = ['TsAsExpression', 'TsSatisfiesExpression', 'TsConstAssertion', 'TsNonNullExpression'];

class Reading {
  readonly imports: Import[] = [];
  readonly exports: Export[] = [];
  readonly used = new Set<string>();
  readonly declared = new Set<string>();
  readonly uses = new Set<string>();
  readonly strings = new Set<string>();
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  visit(value: unknown, place: Place): void {
    if (typeof value !== 'object' || value === null) return;
    if ('async' in value && value.async === true) this.uses.add('async');
    if (isNode(value)) this.#visitNode(value, place);
    // A list, or what wraps parameters, arguments and methods.
    else for (const item of Object.values(value)) this.visit(item, place);
  }

  #visitNode(node: Node, place: Place): void {
    this.#note(node);
    // The name of a property has no scope.
    if (node.type === 'Identifier' && 'ctxt' in node) this.#noteName(nameOf(node), place);
    for (const [key, child] of Object.entries(node)) this.visit(child, placeOf(node, key, place));
  }

  #noteName(name: string, place: Place): void {
    if (place === 'code') this.used.add(name);
    if (place === 'pattern') this.declared.add(name);
  }

  #note(node: Node): void {
    if (node.type === 'AwaitExpression' || node['await'] === true) this.uses.add('await');
    if (node.type === 'StringLiteral') this.strings.add(String(node['value']));
    if (node.type.startsWith('ExportDefault')) this.uses.add('export default');
    if (node.type === 'MemberExpression') this.uses.add(`${nameOf(node['object'])}.${nameOf(node['property'])}`);
    if (node.type === 'CallExpression') this.uses.add(`${nameOf(node['callee'])}()`);
    if (node.type === 'NewExpression') this.uses.add(`new ${nameOf(node['callee'])}`);
    if (node.type === 'NewExpression' && !hasArguments(node)) this.uses.add(`new ${nameOf(node['callee'])}()`);
    if (isNode(node['source'])) this.#noteImport(node, nameOf(node['source']));
    if (isImportCall(node)) this.imports.push({ from: this.#resolve(argumentOf(node)), names: ['*'], typeOnly: false });
    if (node.type === 'ExportDeclaration' && isNode(node['declaration'])) this.#noteExport(node['declaration']);
  }

  #noteImport(node: Node, source: string): void {
    const specifiers = nodesIn(node['specifiers']);
    this.imports.push({
      from: this.#resolve(source),
      names: node.type === 'ExportAllDeclaration' ? ['*'] : specifiers.map(importedName),
      typeOnly:
        node['typeOnly'] === true ||
        (specifiers.length > 0 && specifiers.every(({ isTypeOnly }) => isTypeOnly === true)),
    });
  }

  #noteExport(declaration: Node): void {
    const declared = [declaration, ...nodesIn(declaration['declarations'])];
    const isType = declaration.type.startsWith('Ts');
    const names = declared.map(({ id, identifier }) => nameOf(id ?? identifier)).filter((name) => name !== '');
    this.exports.push(...names.map((name) => ({ name, isType })));
  }

  #resolve(specifier: string): string {
    if (!specifier.startsWith('.')) return specifier;
    return posix.join(posix.dirname(this.#path), specifier).replace(/\.js$/, '.ts');
  }
}

function placeOf({ type }: Node, key: string, place: Place): Place {
  if (place === 'type' || (type.startsWith('Ts') && !WRAPPERS.includes(type))) return 'type';
  if (DEFAULT_KEYS[type] === key) return 'code';
  return BINDING_KEYS.includes(key) ? 'pattern' : place;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function nodesIn(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function nameOf(value: unknown): string {
  return isNode(value) && typeof value['value'] === 'string' ? value['value'] : '';
}

function importedName({ type, imported, orig, local }: Node): string {
  return type === 'ImportNamespaceSpecifier' ? '*' : nameOf(imported ?? orig ?? local);
}

function hasArguments(node: Node): boolean {
  return Array.isArray(node['arguments']) && node['arguments'].length > 0;
}

/** `import('…')`, in code or in a type. */
function isImportCall(node: Node): boolean {
  return node.type === 'TsImportType' || (isNode(node['callee']) && node['callee'].type === 'Import');
}

function argumentOf(node: Node): string {
  if (node.type === 'TsImportType') return nameOf(node['argument']);
  const [first] = Array.isArray(node['arguments']) ? node['arguments'] : [];
  return nameOf((first as { expression?: unknown } | undefined)?.expression);
}
