import type { HttpClient } from '../ports.js';

const HEAD_TIMEOUT_MS = 30_000;
const ONE_BYTE = { range: 'bytes=0-0' };

/**
 * How long the file behind a URL is, or undefined when its server does not say. Asks for its first byte, since a presigned URL is
 * for GET alone.
 */
export async function remoteBytes(
  http: HttpClient,
  { url, givenBy }: { readonly url: string; readonly givenBy: string | undefined },
  signal: AbortSignal,
): Promise<number | undefined> {
  const times = { timeoutMs: HEAD_TIMEOUT_MS, idleMs: HEAD_TIMEOUT_MS };
  const answer = await http.open({ url, givenBy, headers: ONE_BYTE, ...times, signal });
  if (answer.kind === 'failure') return undefined;
  const { status, headers } = answer;
  answer.discard();
  if (status === 206) return wholeNumber(/\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1]);
  return status === 200 ? wholeNumber(headers['content-length']) : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
