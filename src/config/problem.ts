/** Where in the config: keys and, in lists, indices. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly file: string;
  /** From 1, as editors count; 0 in a config that is no file. */
  readonly line: number;
  readonly column: number;
  readonly path: Path;
  /** What is wrong and what would do. */
  readonly message: string;
}

/** `FILE:LINE:COLUMN: path.to.key: what is wrong and what would do`; no more of the place than there is. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const key = path.length === 0 ? '' : `${formatPath(path)}: `;
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return `${place}: ${key}${message}`;
}

/** `sources.production.auth`, `delivery.retries[2]`, `sinks."odd key"`. */
function formatPath(path: Path): string {
  return path.map((part, index) => formatPart(part, index === 0)).join('');
}

function formatPart(part: string | number, isFirst: boolean): string {
  if (typeof part === 'number') return `[${part}]`;
  const key = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
  return isFirst ? key : `.${key}`;
}

/** In the order of the file; what is said twice of one place is said once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...once.values()].sort((one, other) => one.line - other.line || one.column - other.column);
}
