import type { CommandNode } from './command-tree.js';
import { agentFlags } from './flags/agent-flags.js';
import { flagName } from './flags/flag.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Whether there is a script for this shell. */
export const isShell = (name: string): name is Shell => SHELLS.some((shell) => shell === name);

/** One place of the tree: the words that may follow it. */
interface Place {
  readonly path: readonly string[];
  readonly words: readonly { readonly word: string; readonly summary: string }[];
}

/** A completion script. Loads every command once, for its flags; the script itself starts nothing. */
export async function completionScript(shell: Shell, tree: readonly CommandNode[]): Promise<string> {
  const places = await collect([], tree);
  if (shell === 'bash') return bash(places);
  return shell === 'zsh' ? zsh(places) : fish(places);
}

async function collect(path: readonly string[], nodes: readonly CommandNode[]): Promise<readonly Place[]> {
  const below = await Promise.all(
    nodes.map(async (node): Promise<readonly Place[]> => {
      const inner = [...path, node.name];
      if (node.children) return collect(inner, node.children);
      const command = await node.load?.();
      const help = { word: '-help', summary: 'Options and examples.' };
      if (command === undefined) return [{ path: inner, words: [...((await node.flagWords?.()) ?? []), help] }];
      const flags = { ...command.flags, ...(command.reachesAgent ? agentFlags : {}) };
      const words = Object.entries(flags).map(([key, flag]) => ({ word: `-${flagName(key)}`, summary: flag.about }));
      return [{ path: inner, words: [...words, help] }];
    }),
  );
  return [{ path, words: nodes.map(({ name, summary }) => ({ word: name, summary })) }, ...below.flat()];
}

const firstSentence = (text: string): string => /^.*?[.:](?=\s|$)/.exec(text)?.[0] ?? text;
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const wordsOf = (place: Place): string => place.words.map(({ word }) => word).join(' ');

/** Walks over the words typed so far and stops at the deepest place that they name. */
const bash = (places: readonly Place[]): string => `# bash completion for meshwright
_meshwright() {
  local place="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    [[ "$word" == -* ]] && continue
    case "$place $word" in
${places
  .filter(({ path }) => path.length > 0)
  .map(
    ({ path }) => `      ${quoted(path.length === 1 ? ` ${path[0]}` : ` ${path.join(' ')}`)}) place="$place $word" ;;`,
  )
  .join('\n')}
      *) break ;;
    esac
  done
  case "$place" in
${places.map((place) => `    ${quoted(place.path.map((name) => ` ${name}`).join(''))}) COMPREPLY=($(compgen -W ${quoted(wordsOf(place))} -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`).join('\n')}
  esac
}
complete -o default -F _meshwright meshwright
`;

const zsh = (places: readonly Place[]): string => `#compdef meshwright
_meshwright() {
  local place="" word i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    [[ "$word" == -* ]] && continue
    case "$place $word" in
${places
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      ${quoted(` ${path.join(' ')}`)}) place="$place $word" ;;`)
  .join('\n')}
      *) break ;;
    esac
  done
  case "$place" in
${places
  .map(
    (place) =>
      `    ${quoted(place.path.map((name) => ` ${name}`).join(''))}) found=(${place.words
        .map(({ word, summary }) => quoted(`${word}:${firstSentence(summary).replaceAll(':', '\\:')}`))
        .join(' ')}) ;;`,
  )
  .join('\n')}
  esac
  _describe 'meshwright' found || _files
}
if [[ "\${funcstack[1]}" == "_meshwright" ]]; then _meshwright "$@"; else compdef _meshwright meshwright; fi
`;

const fish = (places: readonly Place[]): string => `# fish completion for meshwright
function __meshwright_at
    set -l typed (string match -v -- '-*' (commandline -opc)[2..-1])
    test "$typed" = "$argv[1]"; or begin
        test "$argv[2]" = open; and string match -q -- "$argv[1] *" "$typed"
    end
end
${places
  .flatMap((place) =>
    place.words.map(({ word, summary }) => {
      const isFlag = word.startsWith('-');
      const at = `__meshwright_at ${quoted(place.path.join(' '))}${isFlag ? ' open' : ''}`;
      const what = isFlag ? `-o ${word.slice(1)}` : `-f -a ${word}`;
      return `complete -c meshwright -n ${quoted(at)} ${what} -d ${quoted(firstSentence(summary))}`;
    }),
  )
  .join('\n')}
`;
