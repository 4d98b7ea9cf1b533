import { Argument, type Command } from 'commander';
import { isRecord, valueAt } from '../config/explain.js';
import { readTextFile } from '../config/files.js';
import { readTree } from '../config/tree.js';
import { printable } from '../observe/printable.js';
import { type CommandContext, EXIT, type Register } from './command.js';
import { completionScript, FILES, SHELLS, type Shell } from './completion-scripts.js';
import { type ConfigNames, completionOf } from './completion-words.js';
import { startedAs } from './started-as.js';

export const registerCompletion: Register = (program, context) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .summary('print what makes a shell complete commands, options and names')
    .description(
      'Prints a script for a shell, which then completes commands, options and their choices, and the names of sinks and sources from the config. Started from a checkout or by npx, it also makes recording-notifier a command of the shell.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  source <(recording-notifier completion bash)      # ~/.bashrc\n' +
        '  source <(recording-notifier completion zsh)       # ~/.zshrc, after compinit\n' +
        '  recording-notifier completion fish | source       # ~/.config/fish/config.fish\n' +
        '\nFrom a checkout: source <(node /srv/recording-notifier/dist/cli.js completion bash)\n' +
        'By npx:          source <(npx recording-notifier completion bash)',
    )
    .action(async (shell: Shell) => {
      await context.print(completionScript(shell, starterOf(context)));
      context.end(EXIT.fine);
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      await complete(program, words, context);
      context.end(EXIT.fine);
    });
};

/** Undefined where it was started by its name, as every shell can. */
function starterOf(context: CommandContext): readonly string[] | undefined {
  return startedAs(context) === 'recording-notifier' ? undefined : context.startedBy;
}

async function complete(program: Command, words: readonly string[], { print }: CommandContext): Promise<void> {
  const { candidates, files } = completionOf(program, words, (file = program.opts()['config']) => namesIn(file));
  for (const { word, help } of candidates) await print(printable(word) + (help === '' ? '' : `\t${printable(help)}`));
  if (files) await print(FILES);
}

/** Whatever else is wrong with the config: names can be completed while it is being written. */
function namesIn(file: string): ConfigNames {
  try {
    const { value } = readTree(file, readTextFile(file), { env: {}, readFile: () => '' });
    const sinks = keysOf(valueAt(value, ['sinks']));
    const enabledSinks = sinks.filter((name) => String(valueAt(value, ['sinks', name, 'enabled'])) !== 'false');
    return { sinks, enabledSinks, sources: keysOf(valueAt(value, ['sources'])) };
  } catch {
    return { sinks: [], enabledSinks: [], sources: [] };
  }
}

function keysOf(value: unknown): readonly string[] {
  return isRecord(value) ? Object.keys(value) : [];
}
