import { email } from '../../src/sinks/email.js';
import { connectionOf } from '../../src/sinks/email-settings.js';

const FROM_TO = { from: 'Recordings <rec@example.com>', to: ['ops@example.com'] };
const LOGIN = { user: 'mailer', pass: 'p@ss' };

test.each([
  {
    name: 'a URL',
    settings: { smtp: 'smtp://mailer:p%40ss@mail.example.com' },
    want: { host: 'mail.example.com', port: 587, login: LOGIN, tls: 'required', isTlsAtOnce: false },
  },
  {
    name: 'a URL of smtps',
    settings: { smtp: 'smtps://mail.example.com' },
    want: { host: 'mail.example.com', port: 465, login: undefined, tls: 'required', isTlsAtOnce: true },
  },
  {
    name: 'an object',
    settings: { smtp: { host: 'mail.example.com', port: '2525', user: 'mailer', password: 'p@ss', tls: 'optional' } },
    want: { host: 'mail.example.com', port: 2525, login: LOGIN, tls: 'optional', isTlsAtOnce: false },
  },
  {
    name: 'the port of smtps',
    settings: { smtp: { host: 'localhost', port: 465 } },
    want: { host: 'localhost', port: 465, login: undefined, tls: 'required', isTlsAtOnce: true },
  },
  {
    name: 'tls beside the URL',
    settings: { smtp: 'smtp://mail.example.com:25', tls: 'off' },
    want: { host: 'mail.example.com', port: 25, login: undefined, tls: 'off', isTlsAtOnce: false },
  },
])('connectionOf: $name', ({ settings, want }) => {
  expect(connectionOf(email.settings.parse({ ...FROM_TO, ...settings }))).toEqual(want);
});

test.each([
  { host: 'localhost', want: 'off' },
  { host: 'mail.localhost', want: 'off' },
  { host: '127.9.9.9', want: 'off' },
  { host: '[::1]', want: 'off' },
  { host: '127.example.com', want: 'required' },
  { host: '10.0.0.1', want: 'required' },
  { host: 'localhost.example.com', want: 'required' },
])('tls of $host by default is $want', ({ host, want }) => {
  expect(connectionOf(email.settings.parse({ ...FROM_TO, smtp: `smtp://${host}` })).tls).toBe(want);
});

test.each([
  { text: 'ops@example.com', want: { name: '', address: 'ops@example.com' } },
  { text: ' Ops <ops@example.com> ', want: { name: 'Ops', address: 'ops@example.com' } },
  { text: '"Doe, Jane" <jane@EXAMPLE.com>', want: { name: 'Doe, Jane', address: 'jane@example.com' } },
  { text: 'ops@bücher.example', want: { name: '', address: 'ops@xn--bcher-kva.example' } },
  { text: 'A\r\nBcc: x <ops@example.com>', want: { name: 'A Bcc: x', address: 'ops@example.com' } },
])('a mailbox: $text', ({ text, want }) => {
  expect(email.settings.parse({ ...FROM_TO, smtp: 'smtp://localhost', from: text }).from).toEqual(want);
});

test('one recipient needs no list', () => {
  const { to } = email.settings.parse({ ...FROM_TO, smtp: 'smtp://localhost', to: 'Ops <ops@example.com>' });
  expect(to).toEqual([{ name: 'Ops', address: 'ops@example.com' }]);
});

test.each([
  { name: 'a URL of HTTP', settings: { smtp: 'https://hunter2' }, path: 'smtp', want: 'is not an SMTP URL' },
  { name: 'no host', settings: { smtp: 'smtp://' }, path: 'smtp', want: 'does not name a host' },
  {
    name: 'a password with a slash',
    settings: { smtp: 'smtp://u:hunter2/3@mail.example.com' },
    path: 'smtp',
    want: /SMTP URL|after the host/,
  },
  { name: 'a query', settings: { smtp: 'smtp://host?pool=true' }, path: 'smtp', want: 'has something after the host' },
  {
    name: 'a broken encoding',
    settings: { smtp: 'smtp://u:hunter2%zz@host' },
    path: 'smtp',
    want: 'has a broken percent-encoding',
  },
  { name: 'a user alone', settings: { smtp: 'smtp://u@host' }, path: 'smtp', want: /or neither$/ },
  { name: 'a user alone, as a key', settings: { smtp: { host: 'a', user: 'u' } }, path: 'smtp', want: /or neither$/ },
  { name: 'no address', settings: { from: 'Recordings' }, path: 'from', want: 'is not an e-mail address' },
  { name: 'two addresses', settings: { from: 'a@b.c, d@e.f' }, path: 'from', want: 'is not an e-mail address' },
  { name: 'a line break', settings: { from: 'a@b.c\r\nBcc: d@e.f' }, path: 'from', want: 'is not an e-mail address' },
  { name: 'a second @', settings: { from: 'a@b@c.d' }, path: 'from', want: 'is not an e-mail address' },
  { name: 'a recipient that is none', settings: { to: 'ops' }, path: 'to', want: 'is not an e-mail address' },
  { name: 'recipients in one text', settings: { to: 'a@b.c, d@e.f' }, path: 'to', want: 'is not an e-mail address' },
  { name: 'one recipient twice', settings: { to: ['a@b.c', 'A <a@B.c>'] }, path: 'to.1', want: 'is given twice' },
  {
    name: 'tls twice',
    settings: { smtp: { host: 'a', tls: 'off' }, tls: 'off' },
    path: 'tls',
    want: 'is in smtp as well',
  },
  { name: 'smtps without TLS', settings: { smtp: 'smtps://a', tls: 'off' }, path: 'tls', want: /smtps/ },
])('settings are refused: $name', ({ settings, path, want }) => {
  const { error } = email.settings.safeParse({ ...FROM_TO, smtp: 'smtp://localhost', ...settings });
  const issues = (error?.issues ?? []).flatMap((issue) =>
    issue.code === 'invalid_union' ? issue.errors.flat() : issue,
  );
  const issue = issues.find(({ code }) => code === 'custom');
  expect(issue?.message).toMatch(want);
  expect(error?.issues[0]?.path.join('.')).toBe(path);
  expect(JSON.stringify(error?.issues)).not.toContain('hunter2');
});

test.each([
  { name: 'TLS', settings: { smtp: 'smtp://u:p@mail.example.com' }, want: [] },
  { name: 'on this machine', settings: { smtp: 'smtp://u:p@localhost' }, want: [] },
  {
    name: 'no TLS and a password',
    settings: { smtp: 'smtp://u:p@mail.example.com', tls: 'off' },
    want: ['TLS is off, so others on the way may read its password and mail.'],
  },
  {
    name: 'optional TLS and no password',
    settings: { smtp: 'smtp://mail.example.com', tls: 'optional' },
    want: ['TLS is optional, so others on the way may read its mail.'],
  },
])('notices: $name', ({ settings, want }) => {
  expect(email.notices?.(email.settings.parse({ ...FROM_TO, ...settings }), 0)).toEqual(want);
});
