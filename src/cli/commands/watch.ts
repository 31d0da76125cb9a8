import { type WatchedView, follow, watchType, watchTypes, watchedView } from '../../watches/index.js';
import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { listFlag, switchFlag, textFlag } from '../flags/flag.js';
import { AgentError } from '../http/agent-error.js';
import { printJson } from '../json.js';
import { UsageError } from '../usage-error.js';
import { runHandler } from './watch-handler.js';

const INDENT = 4;
const ANY_NUMBER = 1_000;

/** `watch`: prints what is there, or runs a program each time it changes. */
export const watch = defineCommand({
  usage: '[options] [PROGRAM [ARGUMENTS]]',
  about:
    'Watches a part of what the agent knows. With a program: runs it at once and at each change, with the data as JSON on its input. Without: prints the data once.',
  examples: [
    {
      says: 'Reload a proxy when the healthy instances of "web" change:',
      type: 'watch -type=service -service=web -passingonly=true ./reload.sh',
    },
    { says: 'Print all below a prefix of the key-value store:', type: 'watch -type=keyprefix -prefix=app/' },
  ],
  flags: {
    type: textFlag(`What to watch: ${watchTypes.join(', ')}.`),
    key: textFlag('The key, for type key.'),
    prefix: textFlag('The prefix, for type keyprefix.'),
    service: textFlag('The service, for types service, checks and connect_leaf; its id for agent_service.'),
    tag: listFlag('Only instances with this tag, for type service.'),
    passingonly: textFlag('Only instances whose checks all pass, for type service: true or false.'),
    state: textFlag('The state of checks, for type checks.'),
    name: textFlag('The name of events, for type event.'),
    filter: textFlag('Filter expression, for types service, services, nodes and checks.'),
    shell: switchFlag('Run the program by a shell.', true),
  },
  maxArgs: ANY_NUMBER,
  reachesAgent: true,
  flagsFirst: true,
  run: async ({ agent, args, rest, flags, io }) => {
    let view: WatchedView;
    try {
      const given = { ...flags, tags: flags.tag, passingOnly: isTrue(flags.passingonly) };
      view = watchedView(watchType(flags.type, asFlag), given, asFlag);
    } catch (thrown) {
      return failure(io, 'Error', thrown);
    }
    const command = [...args, ...rest];
    let code = 0;
    await follow((request) => agent.request(request), view, {
      refusal: (status, text) => AgentError.fromAnswer(status, text),
      onSeen: async (seen) => {
        if (command.length === 0) {
          io.out(`${printJson(seen.value, INDENT)}\n`);
          return false;
        }
        try {
          const { env, cwd } = io;
          await runHandler({ command, shell: flags.shell, byHash: view.byHash === true, env, cwd }, seen);
          return true;
        } catch (thrown) {
          code = refuse(io, `Error executing handler: ${messageOf(thrown)}`);
          return false;
        }
      },
      onFailure: (thrown, retryMs) => {
        // Somebody waits for the one answer; a watch with a program outlives its agent.
        const sentence = `Error querying the agent: ${messageOf(thrown)}`;
        if (command.length === 0) code = refuse(io, sentence);
        else io.err(`${sentence}; trying again in ${retryMs / 1_000} s\n`);
        return command.length > 0;
      },
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    return code;
  },
});

const asFlag = (parameter: string): string => `-${parameter}`;

function isTrue(text: string): boolean {
  if (text === '' || text === 'false') return false;
  if (text === 'true') return true;
  throw new UsageError(`-passingonly must be true or false, not "${text}"`);
}
