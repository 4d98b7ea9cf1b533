import type { Argument, Command, Option } from 'commander';

/** What may stand at the cursor, from commander's own tree: a command that is added is completed by itself. */
export interface Candidate {
  readonly word: string;
  readonly help: string;
}

export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** The shell completes names of files there. */
  readonly files: boolean;
}

export interface ConfigNames {
  readonly sinks: readonly string[];
  /** Those of the sinks that something can be sent to. */
  readonly enabledSinks: readonly string[];
  readonly sources: readonly string[];
}

/** What the values of options and arguments are, by what stands between their brackets. */
const FILE_PLACEHOLDERS: readonly string[] = ['file', 'place'];

const NOTHING: Candidates = { candidates: [], files: false };

/**
 * @param words after the name of the program, the last one being the one at the cursor, perhaps empty
 * @param namesIn what a config has; asked only where a name is wanted
 */
export function completionOf(
  program: Command,
  words: readonly string[],
  namesIn: (configFile: string | undefined) => ConfigNames,
): Candidates {
  // Bash takes `--state=dead` for three words.
  const parts = words.filter((word, at) => word !== '=' || at === words.length - 1);
  const [current = '', ...before] = parts.map((word) => (word === '=' ? '' : word)).toReversed();
  const place = placeAfter(program, before.toReversed());
  if (place === undefined) return NOTHING;
  const { command, option, argumentAt } = place;
  const names = () => namesIn(place.configFile);
  if (option !== undefined) return fitting(valuesOf(option, names), current);
  const [flag = '', ...value] = current.split('=');
  if (current.startsWith('--') && value.length > 0) {
    const values = valuesOf(
      optionsOf(command).find(({ long }) => long === flag),
      names,
    );
    const candidates = values.candidates.map(({ word, help }) => ({ word: `${flag}=${word}`, help }));
    return fitting({ candidates, files: false }, current);
  }
  if (current.startsWith('-'))
    return fitting({ candidates: optionsOf(command).flatMap(flagOf), files: false }, current);
  if (command === program) return fitting({ candidates: commandsOf(program), files: false }, current);
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[argumentAt] ?? (last?.variadic ? last : undefined);
  if (command.name() === 'help') return fitting({ candidates: commandsOf(program), files: false }, current);
  return fitting(valuesOf(argument, names), current);
}

interface Place {
  readonly command: Command;
  /** Its value is at the cursor. */
  readonly option: Option | undefined;
  readonly argumentAt: number;
  readonly configFile: string | undefined;
}

function placeAfter(program: Command, words: readonly string[]): Place | undefined {
  let command = program;
  let option: Option | undefined;
  let argumentAt = 0;
  let configFile: string | undefined;
  for (const word of words) {
    if (option !== undefined) {
      if (option.long === '--config') configFile = word;
      option = undefined;
    } else if (word.startsWith('-') && word !== '-') {
      const [flag, ...value] = word.split('=');
      const found = optionsOf(command).find(({ long, short }) => long === flag || short === flag);
      if (value.length === 0 && found?.required) option = found;
      if (value.length > 0 && found?.long === '--config') configFile = value.join('=');
    } else if (command === program) {
      const found = program
        .createHelp()
        .visibleCommands(program)
        .find((each) => each.name() === word);
      if (found === undefined) return undefined;
      command = found;
    } else argumentAt += 1;
  }
  return { command, option, argumentAt, configFile };
}

function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp();
  return [
    ...help.visibleOptions(command),
    ...(command.parent === null ? [] : help.visibleOptions(command.parent)),
  ].filter(({ long }, at, all) => all.findIndex((other) => other.long === long) === at);
}

function commandsOf(program: Command): readonly Candidate[] {
  const help = program.createHelp();
  return help.visibleCommands(program).map((each) => ({ word: each.name(), help: help.subcommandDescription(each) }));
}

function flagOf({ long, description }: Option): readonly Candidate[] {
  return long === undefined || long === null ? [] : [{ word: long, help: description }];
}

function valuesOf(what: Option | Argument | undefined, names: () => ConfigNames): Candidates {
  if (what === undefined) return NOTHING;
  if (what.argChoices !== undefined)
    return { candidates: what.argChoices.map((word) => ({ word, help: '' })), files: false };
  const placeholder = 'flags' in what ? (/[<[]([^>\]]*)[>\]]/.exec(what.flags)?.[1] ?? '') : what.name();
  if (FILE_PLACEHOLDERS.includes(placeholder)) return { candidates: [], files: true };
  const kind = 'flags' in what && placeholder === 'name' ? (what.long ?? '').slice(2) : placeholder;
  return { candidates: namesOf(kind, names), files: false };
}

function namesOf(kind: string, names: () => ConfigNames): readonly Candidate[] {
  const candidates = (all: readonly string[], help: string) => all.map((word) => ({ word, help }));
  switch (kind) {
    case 'to':
      return candidates(names().enabledSinks, 'sink');
    case 'sink':
      return candidates(names().sinks, 'sink');
    case 'source':
      return candidates(names().sources, 'source');
    case 'name':
      return [...candidates(names().sinks, 'sink'), ...candidates(names().sources, 'source')];
    default:
      return [];
  }
}

function fitting({ candidates, files }: Candidates, current: string): Candidates {
  return { candidates: candidates.filter(({ word }) => word.startsWith(current)), files };
}
