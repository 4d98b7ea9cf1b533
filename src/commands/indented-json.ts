/**
 * JSON that stands on one line, with a line for each value; undefined for what is no such JSON, or has lines already.
 *
 * It adds white space and changes nothing else: parsed and written again, a number might come out with other digits, and a key that
 * is there twice once.
 */
export function indentedJson(text: string): string | undefined {
  if (text.includes('\n') || !isJson(text)) return undefined;
  let depth = 0;
  const lineBreak = () => `\n${'  '.repeat(depth)}`;
  const parts = (text.match(TOKENS) ?? []).map((token) => {
    if (token === ',') return `,${lineBreak()}`;
    if (token === ':') return ': ';
    if (token === '{' || token === '[') {
      depth += 1;
      return `${token}${lineBreak()}`;
    }
    if (token !== '}' && token !== ']') return token;
    depth -= 1;
    return `${lineBreak()}${token}`;
  });
  return parts.join('');
}

/** A text, something empty, a sign, or a number or word; in JSON there is nothing else but white space. */
const TOKENS = /"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/g;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
