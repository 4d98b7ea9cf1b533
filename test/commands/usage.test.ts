import { createStage } from '../support/stage.js';

const stage = createStage();

const COMMANDS = [
  'run',
  'poll',
  'init',
  'check',
  'doctor',
  'try',
  'test',
  'render',
  'routes',
  'recordings',
  'deliveries',
  'explain',
  'redeliver',
  'announce',
  'release',
  'discard',
  'pause',
  'resume',
  'drain',
  'schema',
  'completion',
  'demo',
  'fake-api',
  'listen',
];

test.each(COMMANDS)('%s --help has an example that can be copied', async (command) => {
  const { code, stdout, stderr } = await stage.run([command, '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  const help = stdout.join('\n');
  expect(help).toMatch(new RegExp(`Examples?:\\n(?:.*\\n)*.*recording-notifier ${command}`));
  expect(help).toMatch(/--config <file>/);
});

test.each([[['--help']], [['help']], [['-h']]])('%j lists the commands that there are', async (args) => {
  const { code, stdout } = await stage.run(args);
  expect(code).toBe(0);
  const listed = stdout.flatMap((line) => /^ {2}([a-z][a-z-]*)(?: [[<]| {2})/.exec(line)?.[1] ?? []);
  expect(listed).toEqual([...COMMANDS, 'help']);
});

test.each([
  { name: 'a command with a typing mistake', args: ['rum'], want: /unknown command 'rum'\n.*Did you mean run\?/ },
  {
    name: 'an option with a typing mistake',
    args: ['poll', '--dry-rum'],
    want: /unknown option '--dry-rum'\n.*Did you mean --dry-run\?/,
  },
  {
    name: 'a command that is like none',
    args: ['xyzzy'],
    want: /unknown command 'xyzzy'\n"recording-notifier --help" lists/,
  },
  { name: 'an option of a command', args: ['test', 'a', '--q'], want: /"recording-notifier test --help" shows/ },
  { name: 'an argument too many', args: ['run', 'now'], want: /too many arguments/ },
  { name: 'an argument too few', args: ['test'], want: /missing required argument 'sink'/ },
  { name: 'a duration without a unit', args: ['poll', '--for', '5'], want: /--for.*30s/s },
  { name: 'a port that is none', args: ['listen', '--port', '70000'], want: /--port.*65535/s },
])('asked wrongly, it says what would do: $name', async ({ args, want }) => {
  const { code, stdout, stderr } = await stage.run(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr.join('\n')).toMatch(want);
});

test('without a command it shows the help, and the exit code is 2', async () => {
  const { code, stdout, stderr } = await stage.run([]);
  expect(code).toBe(2);
  expect([...stdout, ...stderr].join('\n')).toMatch(/^Usage: recording-notifier/);
});

test('--version is that of the package', async () => {
  expect(await stage.run(['--version'])).toMatchObject({ code: 0, stdout: [expect.stringMatching(/^\d+\.\d+\.\d+/)] });
});
