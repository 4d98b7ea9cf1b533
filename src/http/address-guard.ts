import type { LookupAddress, LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

export type AddressClass = 'public' | 'private' | 'forbidden';

/** Whether private and loopback addresses may be reached. Use `deny` for a client that is given URLs from an API's answer. */
export type PrivateAddresses = 'allow' | 'deny';

/** The form of `dns.lookup` that gives every address of a name. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

type Ipv4 = ReturnType<typeof ipaddr.IPv4.parse>;
type Ipv6 = ReturnType<typeof ipaddr.IPv6.parse>;

/** Nothing that an operator means is here, whatever the config says: credentials of the machine are, and whole networks. */
const FORBIDDEN = [
  '0.0.0.0/8', // this host
  '169.254.0.0/16', // link-local, and the metadata service of most clouds
  '100.100.100.200/32', // metadata: Alibaba
  '168.63.129.16/32', // metadata: Azure
  '192.0.0.192/32', // metadata: Oracle
  '224.0.0.0/4', // multicast
  '255.255.255.255/32', // broadcast
  '::/128', // this host
  'fe80::/10', // link-local
  'fd00:ec2::/32', // metadata: AWS
  'fd20:ce::254/128', // metadata: Google
  'fd00:c1::a9fe:a9fe/128', // metadata: Oracle
  'ff00::/8', // multicast
].map((range) => ipaddr.parseCIDR(range));

/** The same few hosts are asked about at each request. */
const CLASSES_MAX = 1_000;
const classes = new Map<string, AddressClass | undefined>();

const STRICTNESS = ['public', 'private', 'forbidden'] as const satisfies readonly AddressClass[];

/**
 * What kind of address a host is, or undefined when it is a name.
 *
 * Every spelling that a URL may have for an address counts (`2130706433`, `0x7f.1`, `127.1`, full-width digits, brackets), and an
 * IPv6 address that carries an IPv4 one is judged by it too. Whatever is not known to be public is private.
 */
export function classifyAddress(host: string): AddressClass | undefined {
  const known = classes.get(host);
  if (known !== undefined || classes.has(host)) return known;
  const found = classOf(host);
  if (classes.size >= CLASSES_MAX) classes.clear();
  classes.set(host, found);
  return found;
}

function classOf(host: string): AddressClass | undefined {
  const canonical = canonicalHost(host);
  if (canonical === undefined) return undefined;
  if (ipaddr.IPv6.isValid(canonical)) return classifyIpv6(ipaddr.IPv6.parse(canonical));
  if (ipaddr.IPv4.isValidFourPartDecimal(canonical)) return classifyIpv4(ipaddr.IPv4.parse(canonical));
  return undefined;
}

export function isAllowed(addressClass: AddressClass, privateAddresses: PrivateAddresses): boolean {
  return addressClass === 'public' || (addressClass === 'private' && privateAddresses === 'allow');
}

/** Why nothing was connected to. The message has no more than the host in it. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
}

export function forbiddenAddress(host: string, addressClass: AddressClass): ForbiddenAddressError {
  return new ForbiddenAddressError(
    addressClass === 'private'
      ? `${host} is a private address, which network.privateAddresses: deny refuses`
      : `${host} is a link-local, metadata or reserved address, which is always refused`,
  );
}

/**
 * A lookup that gives only addresses that may be connected to. Since the connection is made to what this very call returned, a name
 * that resolves to something else the next time (DNS rebinding) gains nothing. One forbidden address beside good ones, such as the
 * link-local one that mDNS adds, is left out; a name with no other address fails.
 */
export function guardedLookup(lookup: LookupAll, privateAddresses: PrivateAddresses): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const judged = found.map(({ address }) => classifyAddress(address) ?? 'forbidden');
      const allowed = found.filter((_, index) => isAllowed(judged[index] ?? 'forbidden', privateAddresses));
      const [first] = allowed;
      if (first === undefined) return callback(forbiddenAddress(hostname, strictest(judged)), []);
      if (options.all === true) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };
}

/** A hostname of a URL as sockets want it: an IPv6 address without its brackets. */
export function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** As the URL parser writes a host, without brackets: that is what is connected to. */
function canonicalHost(host: string): string | undefined {
  const withoutZone = unbracketed(host.replace(/%.*$/, ''));
  const written = withoutZone.includes(':') ? `[${withoutZone}]` : withoutZone;
  const url = URL.parse(`http://${written}/`);
  return url === null ? undefined : unbracketed(url.hostname);
}

function classifyIpv4(address: Ipv4): AddressClass {
  if (matchesForbidden(address)) return 'forbidden';
  return address.range() === 'unicast' ? 'public' : 'private';
}

function classifyIpv6(address: Ipv6): AddressClass {
  if (matchesForbidden(address)) return 'forbidden';
  const carried = carriedIpv4(address);
  if (carried.length === 0) return address.range() === 'unicast' ? 'public' : 'private';
  return strictest([...carried.map(classifyIpv4), isLocalNat64(address) ? 'private' : 'public']);
}

/** The IPv4 addresses that a packet to this address can end up at. */
function carriedIpv4(address: Ipv6): Ipv4[] {
  const { parts } = address;
  switch (address.range() as string) {
    case 'loopback':
      return [];
    case 'ipv4Mapped':
    case 'rfc6145': // SIIT
    case 'rfc6052': // NAT64
      return [ipv4At(parts, 6)];
    case '6to4':
      return [ipv4At(parts, 1)];
    case 'teredo': // the server, and the client with its bits inverted
      return [
        ipv4At(parts, 2),
        ipv4At(
          parts.map((part) => part ^ 0xffff),
          6,
        ),
      ];
    default: // ::a.b.c.d, deprecated
      return parts.slice(0, 6).every((part) => part === 0) ? [ipv4At(parts, 6)] : [];
  }
}

/** 64:ff9b:1::/48 belongs to the local network, whatever it carries. */
function isLocalNat64({ parts }: Ipv6): boolean {
  return parts[0] === 0x64 && parts[1] === 0xff9b && parts[2] === 1;
}

function ipv4At(parts: readonly number[], index: number): Ipv4 {
  return new ipaddr.IPv4(parts.slice(index, index + 2).flatMap((part) => [part >> 8, part & 0xff]));
}

function matchesForbidden(address: Ipv4 | Ipv6): boolean {
  return FORBIDDEN.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits));
}

function strictest(classes: readonly AddressClass[]): AddressClass {
  return STRICTNESS.findLast((candidate) => classes.includes(candidate)) ?? 'forbidden';
}
