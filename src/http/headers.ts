import type { Dispatcher } from 'undici';
import type { HttpFailure } from '../ports.js';
import { failure } from './failure.js';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function isHeaderName(text: string): boolean {
  return HEADER_NAME.test(text);
}

export function isHeaderValue(text: string): boolean {
  return HEADER_VALUE.test(text);
}

/** A line break in a value would let it write headers of its own, so nothing is sent at all. */
export function invalidHeader(headers: Readonly<Record<string, string>>): HttpFailure | undefined {
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? '';
    if (!isHeaderName(name)) return failure('connection_failed', 'nothing was sent: the name of a header is not valid');
    if (!isHeaderValue(value)) {
      return failure(
        'connection_failed',
        `nothing was sent: the value of the header ${name} has a line break or the like`,
      );
    }
  }
  return undefined;
}

export function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

export function joinRepeated(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));
}
