import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { completionOf } from '../../src/commands/completion-words.js';
import { outputOf, shellPlace } from '../support/shells.js';
import { createStage } from '../support/stage.js';
import { describeWithTool } from '../support/tools.js';

const stage = createStage();

/** With a mistake, as while it is being written. */
const CONFIG =
  'sources:\n  production: { auth: ${UNSET} }\nsinks:\n  pipeline: { type: nonsense }\n  people: {}\n  past: { enabled: false }\n';

async function completed(...words: readonly string[]) {
  stage.configure(CONFIG);
  const { code, stdout, stderr } = await stage.run(['__complete', '--', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  return stdout.map((line) => line.split('\t')[0]);
}

test.each([
  { name: 'a command', words: ['deli'], want: ['deliveries'] },
  {
    name: 'commands by their beginning',
    words: ['re'],
    want: ['recordings', 'redeliver', 'release', 'render', 'resume'],
  },
  { name: 'a command after a common option', words: ['--json', 'deli'], want: ['deliveries'] },
  { name: 'nothing after a command that there is not', words: ['rum', ''], want: [] },
  { name: 'a command that help is wanted of', words: ['help', 'deli'], want: ['deliveries'] },
  { name: 'an option', words: ['deliveries', '--st'], want: ['--state'] },
  { name: 'common options', words: ['deliveries', '--js'], want: ['--json'] },
  { name: 'choices of an option', words: ['deliveries', '--state', 'de'], want: ['delivered', 'dead'] },
  { name: 'the same with =', words: ['deliveries', '--state=de'], want: ['--state=delivered', '--state=dead'] },
  { name: 'the same in three words, as bash has it', words: ['deliveries', '--state', '=', 'dea'], want: ['dead'] },
  {
    name: 'choices, where nothing is there yet',
    words: ['deliveries', '--state', '='],
    want: ['pending', 'held', 'delivered', 'dead'],
  },
  { name: 'choices of an argument', words: ['completion', ''], want: ['bash', 'zsh', 'fish'] },
  { name: 'a sink as an argument', words: ['test', 'p'], want: ['pipeline', 'people', 'past'] },
  { name: 'a sink as an option', words: ['deliveries', '--sink', 'pi'], want: ['pipeline'] },
  { name: 'a sink to move to', words: ['redeliver', '--dead', '--to', 'p'], want: ['pipeline', 'people'] },
  { name: 'a source as an argument', words: ['try', ''], want: ['production'] },
  { name: 'a sink or a source', words: ['pause', 'p'], want: ['pipeline', 'people', 'past', 'production'] },
  { name: 'a source as an option', words: ['routes', '--source', ''], want: ['production'] },
  { name: 'no argument too many', words: ['test', 'pipeline', ''], want: [] },
  { name: 'files', words: ['check', '--config', ''], want: [':files'] },
  { name: 'names of another config, which is not there', words: ['--config', 'other.yaml', 'test', ''], want: [] },
  { name: 'nothing for an id', words: ['explain', ''], want: [] },
])('it completes $name', async ({ words, want }) => {
  expect((await completed(...words)).toSorted()).toEqual(want.toSorted());
});

test('every command of the help is completed, and nothing else; without a config, in silence', async () => {
  const help = await stage.run(['--help']);
  const commands = help.stdout.flatMap((line) => /^ {2}([a-z][a-z-]*)(?: [[<]| {2})/.exec(line)?.[1] ?? []);
  const { stdout } = await stage.run(['__complete', '--', '']);
  expect(stdout.map((line) => line.split('\t')[0])).toEqual(commands);
  expect(await stage.run(['__complete', '--', 'test', ''])).toMatchObject({ code: 0, stdout: [], stderr: [] });
});

test('a new command is completed by itself, with its options', () => {
  const program = new Command('recording-notifier');
  program.command('novelty').argument('<sink>').option('--loud', 'with a bang');
  const names = () => ({ sinks: ['hook'], enabledSinks: ['hook'], sources: [] });
  const words = (...line: string[]) => completionOf(program, line, names).candidates.map(({ word }) => word);
  expect([words('nov'), words('novelty', '--l'), words('novelty', '')]).toEqual([['novelty'], ['--loud'], ['hook']]);
});

/** What a person sees who types on a terminal. */
async function typed(shell: readonly string[], lines: readonly string[]) {
  const place = await shellPlace(stage.folder);
  stage.configure(CONFIG);
  writeFileSync(join(stage.folder, 'other.yaml'), CONFIG);
  return outputOf(['script', '-qec', shell.join(' '), '/dev/null'], `${lines.join('\n')}\nexit\n`, place);
}

const KEYS = [
  'recording-notifier deliv\t--sta\thel\t--help',
  'recording-notifier test pip\t--help',
  'recording-notifier check --config oth\t--help',
];

const LINES = [
  /recording-notifier deliveries --state held --help/,
  /recording-notifier test pipeline --help/,
  /recording-notifier check --config other\.yaml --help/,
];

describeWithTool('bash', 'in bash', () => {
  test('commands, options, choices, names and files are completed', async () => {
    const screen = await typed(
      ['bash', '--norc', '--noprofile', '-i'],
      [
        "bind 'set enable-bracketed-paste off'",
        'source <(recording-notifier completion bash)',
        ...KEYS,
        'recording-notifier de\t\t',
      ],
    );
    for (const line of [...LINES, /^deliveries +demo/m]) expect(plain(screen)).toMatch(line);
  });
});

describeWithTool('zsh', 'in zsh', () => {
  test('commands, options, choices, names and files are completed', async () => {
    const screen = await typed(
      ['zsh', '-f', '-i'],
      [
        'unset zle_bracketed_paste; autoload -U compinit; compinit -u -D',
        'source <(recording-notifier completion zsh)',
        ...KEYS,
        'recording-notifier de\t',
      ],
    );
    for (const line of [...LINES, /^deliveries +-- what is on its way/m]) expect(plain(screen)).toMatch(line);
  });
});

describeWithTool('fish', 'in fish', () => {
  test('commands, options, choices, names and files are completed', async () => {
    const place = await shellPlace(stage.folder);
    stage.configure(CONFIG);
    writeFileSync(join(stage.folder, 'other.yaml'), CONFIG);
    const asked = ['deliv', 'deliveries --sta', 'deliveries --state hel', 'test pip', 'check --config oth', 'rum '];
    const script = asked.map((line) => `complete -C 'recording-notifier ${line}'`).join('; ');
    const output = await outputOf(['fish', '-c', `recording-notifier completion fish | source; ${script}`], '', place);
    expect(output.split('\n').map((line) => line.split('\t')[0])).toEqual([
      ...['deliveries', '--state', 'held', 'pipeline', 'other.yaml', ''],
    ]);
  });
});

for (const { shell, flags, load } of [
  { shell: 'bash', flags: ['-c'], load: 'source ./script' },
  { shell: 'zsh', flags: ['-f', '-c'], load: 'compdef() { true; }; source ./script' },
  { shell: 'fish', flags: ['-c'], load: 'source ./script' },
])
  describeWithTool(shell, `in ${shell}, from a checkout`, () => {
    test('it is a command afterwards', async () => {
      const { stdout } = await stage.run(['completion', shell]);
      writeFileSync(join(stage.folder, 'script'), stdout.join('\n'));
      const bare = { folder: stage.folder, path: '/usr/local/bin:/usr/bin:/bin' };
      expect(await outputOf([shell, ...flags, `${load}; recording-notifier --version`], '', bare)).toMatch(
        /^\d+\.\d+\.\d+\n$/,
      );
    });
  });

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
const ORDERS = /\u001b\[[\d;?]*[A-Za-z]|\u001b[=>]|[\r\u0007]/g;

function plain(screen: string): string {
  return screen.replace(ORDERS, '').replace(/.[\b]/g, '').replace(/ +/g, ' ');
}
