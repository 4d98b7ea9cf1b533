import type { HttpFailure } from '../ports.js';
import { classifyAddress, forbiddenAddress, isAllowed, type PrivateAddresses } from './address-guard.js';
import { failure } from './failure.js';

export function parseTarget(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && ['http:', 'https:'].includes(url.protocol) ? url : undefined;
}

/** A host that is written as an address is never looked up, so it is judged here. */
export function hostProblem({ hostname }: URL, privateAddresses: PrivateAddresses): HttpFailure | undefined {
  const addressClass = classifyAddress(hostname);
  if (addressClass === undefined || isAllowed(addressClass, privateAddresses)) return undefined;
  return failure('address_forbidden', forbiddenAddress(hostname, addressClass).message);
}

/** The credentials that a URL carries, as the header that browsers make of them. */
export function basicAuthorization({ username, password }: URL): { authorization?: string } {
  if (username === '' && password === '') return {};
  const credentials = `${percentDecoded(username)}:${percentDecoded(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A lone % that stands for itself.
  }
}
