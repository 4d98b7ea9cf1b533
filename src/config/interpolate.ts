/** Where the values of references come from. */
export interface References {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file that `${file:PATH}` names. Throws when it cannot be read. */
  readonly readFile: (path: string) => string;
}

export interface Interpolated {
  readonly text: string;
  /** The references that were replaced, as `${NAME}`, without their defaults. */
  readonly references: readonly string[];
  /** What is wrong, in words that hold no value; then the text is of no use. */
  readonly problems: readonly string[];
}

const WRITE_LITERAL = 'write $${ for the two characters themselves';
const NAME = '[A-Za-z_][A-Za-z0-9_]*';
/** The escape, or `${` with what follows up to the next brace, if there is one. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${file:PATH}` once; `$${` is a literal `${`.
 *
 * Works on a parsed scalar, so that no value can break out of its place in the YAML. What was put in is not looked at again.
 */
export function interpolate(text: string, from: References): Interpolated {
  const references: string[] = [];
  const problems: string[] = [];
  const replaced = text.replace(REFERENCE, (whole: string, inner: string | undefined, close: string | undefined) => {
    if (inner === undefined) return '${';
    const result = close === '}' ? resolve(inner, from) : { problem: `has a \${ that is not closed; ${WRITE_LITERAL}` };
    if ('problem' in result) {
      problems.push(result.problem);
      return whole;
    }
    references.push(result.reference);
    return result.value;
  });
  return { text: replaced, references, problems };
}

type Resolved = { readonly value: string; readonly reference: string } | { readonly problem: string };

function resolve(inner: string, from: References): Resolved {
  const variable = new RegExp(`^(${NAME})(?::-([^]*))?$`).exec(inner);
  if (variable?.[1] !== undefined) return resolveVariable(variable[1], variable[2], from);
  if (inner.startsWith('file:')) return resolveFile(inner.slice('file:'.length).trim(), from);
  return {
    problem: `has a \${…} that is no reference; write \${NAME}, \${NAME:-default} or \${file:PATH}, or ${WRITE_LITERAL}`,
  };
}

/** Set but empty is as good as missing: that is what a forgotten value in a deployment looks like. */
function resolveVariable(name: string, fallback: string | undefined, { env }: References): Resolved {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && value !== '') return { value, reference: `\${${name}}` };
  if (fallback !== undefined) return { value: fallback, reference: `\${${name}}` };
  const state = value === '' ? 'is empty' : 'is not set';
  return {
    problem: `the variable ${name} ${state}; set it in the environment or in .env, or write \${${name}:-default}`,
  };
}

/** One final newline is dropped: editors add it, and mounted secrets have it. */
function resolveFile(path: string, { readFile }: References): Resolved {
  if (path === '') return { problem: 'has a ${file:} without a path; write ${file:PATH}' };
  try {
    const value = readFile(path).replace(/\r?\n$/, '');
    if (value !== '') return { value, reference: `\${file:${path}}` };
    return { problem: `the file ${path} is empty` };
  } catch (error) {
    return { problem: `the file ${path} cannot be read: ${error instanceof Error ? error.message : 'unknown error'}` };
  }
}
