/** What is started for the words of a command line: a shell that is handed them joined, or the program and its arguments as they are. */
export const spawnWords = (
  command: readonly string[],
  shell: boolean,
): { readonly program: string; readonly args: readonly string[] } => {
  const [program = '', ...args] = shell ? ['/bin/sh', '-c', command.join(' ')] : command;
  return { program, args };
};
