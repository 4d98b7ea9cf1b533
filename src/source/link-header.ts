const LENGTH_MAX = 65_536;

/**
 * The target of the first link with the relation `next`, as it stands there; undefined when there is none.
 *
 * @see RFC 8288, 3
 */
export function nextLinkOf(header: string): string | undefined {
  if (header.length > LENGTH_MAX) return undefined;
  // Targets stand in angle brackets, and parameters may be quoted: commas and semicolons in either separate nothing.
  const links = header.matchAll(/<([^>]*)>((?:\s*;\s*[^\s=;,"]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)/g);
  for (const [, target = '', params = ''] of links) if (isNext(params)) return target;
  return undefined;
}

/** A link may have several relations; of two parameters `rel` the first counts. */
function isNext(params: string): boolean {
  const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))/i.exec(params) ?? [];
  return (quoted ?? bare ?? '').toLowerCase().split(/\s+/).includes('next');
}
