import type { LookupAddress } from 'node:dns';
import { classifyAddress, ForbiddenAddressError, guardedLookup, type LookupAll } from '../../src/http/address-guard.js';

test.each([
  { host: '93.184.216.34', want: 'public', name: 'an ordinary address' },
  { host: '1.1.1.1', want: 'public', name: 'a public name server' },
  { host: '2606:2800:220:1:248:1893:25c8:1946', want: 'public', name: 'an ordinary IPv6 address' },
  { host: '[2606:4700::1111]', want: 'public', name: 'in brackets' },
  { host: '172.32.0.1', want: 'public', name: 'just above 172.16/12' },
  { host: '100.128.0.1', want: 'public', name: 'just above carrier-grade NAT' },

  { host: '127.0.0.1', want: 'private', name: 'loopback' },
  { host: '127.1', want: 'private', name: 'loopback, short' },
  { host: '2130706433', want: 'private', name: 'loopback, one decimal' },
  { host: '0x7f.1', want: 'private', name: 'loopback, hexadecimal' },
  { host: '0x7f000001', want: 'private', name: 'loopback, one hexadecimal' },
  { host: '0177.0.0.1', want: 'private', name: 'loopback, octal' },
  { host: '127.0.0.1.', want: 'private', name: 'loopback, trailing dot' },
  { host: '１２７．０．０．１', want: 'private', name: 'loopback, full-width digits' },
  { host: '127。0。0。1', want: 'private', name: 'loopback, ideographic full stops' },
  { host: '::1', want: 'private', name: 'loopback, IPv6' },
  { host: '0:0:0:0:0:0:0:1', want: 'private', name: 'loopback, IPv6 in full' },
  { host: '[::ffff:127.0.0.1]', want: 'private', name: 'loopback, mapped' },
  { host: '::ffff:7f00:1', want: 'private', name: 'loopback, mapped, hexadecimal' },
  { host: '::127.0.0.1', want: 'private', name: 'loopback, IPv4-compatible' },
  { host: '::ffff:0:127.0.0.1', want: 'private', name: 'loopback, SIIT' },
  { host: '64:ff9b::7f00:1', want: 'private', name: 'loopback, NAT64' },
  { host: '2002:7f00:1::', want: 'private', name: 'loopback, 6to4' },
  { host: '2001:0:5db8:d822::80ff:fffe', want: 'private', name: 'loopback, Teredo' },
  { host: '10.0.0.1', want: 'private', name: '10/8' },
  { host: '172.16.0.1', want: 'private', name: '172.16/12' },
  { host: '192.168.1.1', want: 'private', name: '192.168/16' },
  { host: '100.64.0.1', want: 'private', name: 'carrier-grade NAT' },
  { host: '198.18.0.1', want: 'private', name: 'benchmarking' },
  { host: '203.0.113.7', want: 'private', name: 'documentation' },
  { host: '240.0.0.1', want: 'private', name: 'reserved' },
  { host: 'fd12:3456::1', want: 'private', name: 'unique local' },
  { host: 'fec0::1', want: 'private', name: 'site-local, deprecated' },
  { host: '2001:db8::1', want: 'private', name: 'documentation, IPv6' },
  { host: '64:ff9b:1::5db8:d822', want: 'private', name: 'local NAT64 of a public address' },

  { host: '64:ff9b::5db8:d822', want: 'public', name: 'NAT64 of a public address' },
  { host: '2002:5db8:d822::1', want: 'public', name: '6to4 of a public address' },
  { host: '::ffff:93.184.216.34', want: 'public', name: 'mapped public address' },

  { host: '169.254.169.254', want: 'forbidden', name: 'cloud metadata' },
  { host: '2852039166', want: 'forbidden', name: 'cloud metadata, one decimal' },
  { host: '0xa9.0xfe.0xa9.0xfe', want: 'forbidden', name: 'cloud metadata, hexadecimal' },
  { host: '::ffff:169.254.169.254', want: 'forbidden', name: 'cloud metadata, mapped' },
  { host: '64:ff9b::169.254.169.254', want: 'forbidden', name: 'cloud metadata, NAT64' },
  { host: '64:ff9b:1::169.254.169.254', want: 'forbidden', name: 'cloud metadata, local NAT64' },
  { host: '2002:a9fe:a9fe::1', want: 'forbidden', name: 'cloud metadata, 6to4' },
  { host: '2001:0:a9fe:a9fe::a247:27dd', want: 'forbidden', name: 'cloud metadata, server of Teredo' },
  { host: '2001:0:5db8:d822::5601:5601', want: 'forbidden', name: 'cloud metadata, client of Teredo' },
  { host: 'fd00:ec2::254', want: 'forbidden', name: 'metadata of AWS, IPv6' },
  { host: 'fd20:ce::254', want: 'forbidden', name: 'metadata of Google, IPv6' },
  { host: '100.100.100.200', want: 'forbidden', name: 'metadata of Alibaba' },
  { host: '168.63.129.16', want: 'forbidden', name: 'metadata of Azure' },
  { host: 'fe80::1', want: 'forbidden', name: 'link-local' },
  { host: 'fe80::1%eth0', want: 'forbidden', name: 'link-local with a zone' },
  { host: '0.0.0.0', want: 'forbidden', name: 'unspecified' },
  { host: '0', want: 'forbidden', name: 'unspecified, short' },
  { host: '::', want: 'forbidden', name: 'unspecified, IPv6' },
  { host: '224.0.0.1', want: 'forbidden', name: 'multicast' },
  { host: 'ff02::1', want: 'forbidden', name: 'multicast, IPv6' },
  { host: '255.255.255.255', want: 'forbidden', name: 'broadcast' },

  { host: 'example.com', want: undefined, name: 'a name' },
  { host: 'localhost', want: undefined, name: 'a name that is looked up like any other' },
  { host: '1.2.3.4.example.com', want: undefined, name: 'a name that begins like an address' },
  { host: '1.2.3.4.5', want: undefined, name: 'too many parts' },
  { host: '', want: undefined, name: 'nothing' },
])('classifyAddress: $host, $name', ({ host, want }) => {
  expect(classifyAddress(host)).toBe(want);
});

function resolving(...addresses: string[]): LookupAll {
  return (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
}

function allOf(lookup: LookupAll, privateAddresses: 'allow' | 'deny'): Promise<string[]> {
  return new Promise((resolve, reject) => {
    guardedLookup(lookup, privateAddresses)('example.com', { all: true }, (error, found) =>
      error ? reject(error) : resolve((found as LookupAddress[]).map(({ address }) => address)),
    );
  });
}

test.each([
  { name: 'all good', found: ['93.184.216.34', '2606:4700::1111'], want: ['93.184.216.34', '2606:4700::1111'] },
  { name: 'a link-local one beside', found: ['fe80::1', '192.168.1.5'], want: ['192.168.1.5'] },
])('guardedLookup gives what may be connected to: $name', async ({ found, want }) => {
  await expect(allOf(resolving(...found), 'allow')).resolves.toEqual(want);
});

test.each([
  { name: 'metadata', found: ['169.254.169.254'], policy: 'allow', want: /metadata/ },
  { name: 'private under deny', found: ['10.0.0.1'], policy: 'deny', want: /privateAddresses: deny/ },
  { name: 'loopback in another spelling', found: ['::ffff:127.0.0.1'], policy: 'deny', want: /deny/ },
  { name: 'nothing that is an address', found: ['example.org'], policy: 'allow', want: /refused/ },
] as const)('guardedLookup refuses: $name', async ({ found, policy, want }) => {
  const refused = allOf(resolving(...found), policy);
  await expect(refused).rejects.toBeInstanceOf(ForbiddenAddressError);
  await expect(refused).rejects.toThrow(want);
});

test('guardedLookup gives one address to who asks for one', async () => {
  const found = await new Promise((resolve) => {
    const lookup = guardedLookup(resolving('fe80::1', '93.184.216.34'), 'deny');
    lookup('example.com', {}, (_error, address, family) => resolve([address, family]));
  });
  expect(found).toEqual(['93.184.216.34', 4]);
});

test('guardedLookup passes on that a name has no address', async () => {
  const failing: LookupAll = (_hostname, _options, callback) =>
    callback(Object.assign(new Error(), { code: 'ENOTFOUND' }), []);
  await expect(allOf(failing, 'allow')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
