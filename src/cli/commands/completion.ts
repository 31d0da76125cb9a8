import { defineCommand } from '../command.js';
import { refuse } from '../failure.js';

/** `completion`: a script for bash, zsh or fish, made from the tree of commands. */
export const completion = defineCommand({
  usage: 'bash|zsh|fish',
  about: 'Prints a script that completes commands and flags in your shell.',
  examples: [
    { says: 'For bash, in ~/.bashrc:', type: 'completion bash >> ~/.bashrc' },
    { says: 'For zsh, in a folder of $fpath:', type: 'completion zsh > ~/.zfunc/_meshwright' },
    { says: 'For fish:', type: 'completion fish > ~/.config/fish/completions/meshwright.fish' },
  ],
  flags: {},
  maxArgs: 1,
  reachesAgent: false,
  run: async ({ args: [shell], io }) => {
    const { completionScript, isShell } = await import('../completion-script.js');
    if (shell === undefined || !isShell(shell)) return refuse(io, 'Name the shell: bash, zsh or fish.');
    const { commandTree } = await import('../command-tree.js');
    io.out(await completionScript(shell, commandTree));
    return 0;
  },
});
