import type { Command } from 'commander';

/** The words after a command: `unroll session` → its commands and options. */
interface Level {
  /** Words before, such as `session new`; empty for the program. */
  readonly path: string;
  readonly words: readonly string[];
}

/** A script for a shell, which completes commands, options and words that an argument must be one of, and files elsewhere. */
export const completionScript = (program: Command, shell: 'bash' | 'zsh' | 'fish'): string =>
  scripts[shell]([...listLevels(program).filter(({ path }) => path !== 'help'), ...listHelpLevels(program)]);

/** What `unroll help` takes: commands, and the commands below them. */
const listHelpLevels = (command: Command, path = 'help'): Level[] =>
  command.commands.length === 0
    ? []
    : [
        { path, words: command.commands.map((one) => one.name()).toSorted() },
        ...command.commands.flatMap((one) => listHelpLevels(one, `${path} ${one.name()}`)),
      ];

function listLevels(command: Command, path: readonly string[] = []): Level[] {
  const inner = [
    ...command.commands.map((one) => one.name()),
    ...command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  ];
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, short }) => long ?? short ?? '');
  return [
    { path: path.join(' '), words: [...inner, ...options, '--help'].toSorted() },
    ...command.commands.flatMap((one) => listLevels(one, [...path, one.name()])),
  ];
}

/** Cases of a shell's `case`, the longest first: the words typed so far begin with a command's path. */
const toCases = (levels: readonly Level[], toWords: (words: string) => string): string =>
  levels
    .toSorted((a, b) => b.path.split(' ').length - a.path.split(' ').length || b.path.length - a.path.length)
    .map(({ path, words }) => `    ${path === '' ? '*' : `"${path} "*`}) ${toWords(words.join(' '))} ;;`)
    .join('\n');

const scripts = {
  bash: (levels: readonly Level[]): string => `_unroll() {
  local typed="\${COMP_WORDS[*]:1:COMP_CWORD-1} " current="\${COMP_WORDS[COMP_CWORD]}" words
  case "$typed" in
${toCases(levels, (words) => `words="${words}"`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _unroll unroll
`,
  // read by eval, or as _unroll from a folder of $fpath, where the first completion runs the file
  zsh: (levels: readonly Level[]): string => `#compdef unroll
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_unroll() {
  local typed="\${(j: :)words[2,CURRENT-1]} " candidates
  case "$typed" in
${toCases(levels, (words) => `candidates="${words}"`)}
  esac
  compadd -- \${(s: :)candidates} || _files
}
if [[ $funcstack[1] = _unroll ]]; then _unroll "$@"; else compdef _unroll unroll; fi
`,
  fish: (levels: readonly Level[]): string => `function __unroll_candidates
  set -l typed (commandline -opc)
  set -l typed (string join ' ' $typed[2..-1])' '
  switch $typed
${levels
  .toSorted((a, b) => b.path.length - a.path.length)
  .map(
    ({ path, words }) =>
      `    case '${path === '' ? '*' : `${path} *`}'\n      string split ' ' -- '${words.join(' ')}'`,
  )
  .join('\n')}
  end
end
complete -c unroll -a '(__unroll_candidates)'
`,
} as const;
