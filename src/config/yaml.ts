import { type Document, isScalar, LineCounter, type ParsedNode, parseDocument, visit } from 'yaml';
import { type YamlProblem, yamlProblem } from './yaml-words.js';

export interface YamlText {
  readonly document: Document.Parsed<ParsedNode>;
  readonly lines: LineCounter;
  /** Where scalars begin that hold a `${…}` which YAML needs in quotes. Their text is a placeholder. */
  readonly unquoted: ReadonlySet<number>;
  /** When there are any, the document is not to be trusted. */
  readonly problems: readonly YamlProblem[];
}

/** Said of a `${…}` that YAML needs in quotes. */
export const UNQUOTED = 'inside { } and [ ], YAML needs quotes around ${…}; write "${…}"';

/** Each unquoted reference takes a parse to find, since the parser loses its way at the first. */
const UNQUOTED_MAX = 50;
const PARSED_LENGTH_MAX = 1_048_576;

/** More are noise: they follow from the first. */
const PROBLEMS_MAX = 20;

/**
 * Parses a config file.
 *
 * In `{ }` and `[ ]`, YAML reads an unquoted `${NAME}` as the text `$` and a mapping, and then stumbles over the rest. Such a
 * reference is replaced by a placeholder of the same length, so that it, and whatever else is wrong, can be reported by key.
 */
export function parseYaml(text: string): YamlText {
  const unquoted = new Set<number>();
  let current = text;
  for (let round = 0; ; round += 1) {
    const parsed = parseOnce(current);
    const reference = findUnquoted(parsed.document, current);
    if (reference === undefined) return { ...parsed, unquoted, problems: problemsOf(parsed.document, current) };
    const { scalarStart, start, end } = reference;
    const isLast = round + 1 >= UNQUOTED_MAX || (round + 1) * text.length > PARSED_LENGTH_MAX;
    if (isLast) return { ...parsed, unquoted, problems: [{ offset: start, message: UNQUOTED }] };
    unquoted.add(scalarStart);
    current = current.slice(0, start) + '_'.repeat(end - start) + current.slice(end);
  }
}

function parseOnce(text: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  return { document, lines };
}

/** The first plain scalar that ends in `$` just before a `{`. */
function findUnquoted(document: Document.Parsed, text: string) {
  if (document.errors.length === 0) return undefined;
  let found: { scalarStart: number; start: number; end: number } | undefined;
  visit(document, (_key, node) => {
    if (!isScalar(node) || node.type !== 'PLAIN' || !node.range) return undefined;
    const [scalarStart, scalarEnd] = node.range;
    const reference = /^\$\{[^}\n]*\}/.exec(text.slice(scalarEnd - 1, scalarEnd + 1_000));
    if (reference === null) return undefined;
    found = { scalarStart, start: scalarEnd - 1, end: scalarEnd - 1 + reference[0].length };
    return visit.BREAK;
  });
  return found;
}

/** At each place the first, and none of the tokens after the first: they follow from it. */
function problemsOf(document: Document.Parsed, text: string): readonly YamlProblem[] {
  const { errors, warnings } = document;
  const all = [...errors, ...warnings].sort((one, other) => one.pos[0] - other.pos[0]);
  const causes = all.filter(({ code, pos }, index) => {
    const isRepeated = all.findIndex((other) => other.pos[0] === pos[0]) < index;
    return index === 0 || (code !== 'UNEXPECTED_TOKEN' && !isRepeated);
  });
  return causes.slice(0, PROBLEMS_MAX).map((error) => yamlProblem(error, text, document));
}
