const HELP: readonly string[] = ['-h', '-help', '--help'];

/** `agent`: runs a control plane in this process. Its flags and its configuration belong to the agent. */
export async function runAgentCommand(argv: readonly string[], print: (text: string) => void): Promise<number> {
  if (argv.some((word) => HELP.includes(word))) {
    const { agentHelp } = await import('./agent-help.js');
    print(agentHelp());
    return 0;
  }
  const { runAgent } = await import('../../server/index.js');
  return runAgent([...argv]);
}
