/** Shells, and how each asks the program what may stand at the cursor. What the answers are is the program's to say, so a script is never out of date. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The line of an answer that asks the shell for names of files. */
export const FILES = ':files';

/** @param starter the words that start the program where no command of its name is installed; it is then given one */
export function completionScript(shell: Shell, starter: readonly string[] | undefined): string {
  const lines = { bash: BASH, zsh: ZSH, fish: FISH }[shell];
  return [...lines, ...(starter === undefined ? [] : namingLines(shell, starter))].join('\n');
}

const BASH = [
  '_recording_notifier() {',
  '  local line',
  '  COMPREPLY=()',
  '  while IFS= read -r line; do',
  '    case $line in',
  `      ${FILES}) compopt -o default 2>/dev/null ;;`,
  '      *) COMPREPLY+=("${line%%$\'\\t\'*}") ;;',
  '    esac',
  '  done < <("$1" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)',
  '}',
  'complete -F _recording_notifier recording-notifier',
];

const ZSH = [
  '#compdef recording-notifier',
  '_recording-notifier() {',
  '  local line',
  '  local -a found',
  '  while IFS= read -r line; do',
  `    if [[ $line == ${FILES} ]]; then _files; continue; fi`,
  "    found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")",
  '  done < <("${(Q)words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)',
  '  (( $#found )) && _describe -V recording-notifier found',
  '}',
  // From a folder of fpath it is called as soon as it is read; sourced, it is only named.
  'if [[ $funcstack[1] == _recording-notifier ]]; then _recording-notifier; else compdef _recording-notifier recording-notifier; fi',
];

const FISH = [
  'function __recording_notifier_complete',
  '  set -l words (commandline -opc)',
  '  set -l current (commandline -ct)',
  '  set -l program $words[1]',
  '  set -e words[1]',
  '  for line in ($program __complete -- $words "$current" 2>/dev/null)',
  `    if test "$line" = ${FILES}`,
  '      __fish_complete_path "$current"',
  '    else',
  '      echo -- $line',
  '    end',
  '  end',
  'end',
  "complete -c recording-notifier -f -k -a '(__recording_notifier_complete)'",
];

function namingLines(shell: Shell, starter: readonly string[]): readonly string[] {
  if (shell === 'fish')
    return [
      'if not type -q recording-notifier',
      `  function recording-notifier; ${starter.map(quotedForFish).join(' ')} $argv; end`,
      'end',
    ];
  return [
    'if ! command -v recording-notifier >/dev/null; then',
    `  recording-notifier() { ${starter.map(quotedForSh).join(' ')} "$@"; }`,
    'fi',
  ];
}

function quotedForSh(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function quotedForFish(word: string): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
