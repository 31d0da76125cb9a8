import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { switchFlag, textFlag } from '../flags/flag.js';
import { listenForInterrupt } from '../interrupt.js';

/** `monitor`: the log of the agent as it is written. */
export const monitor = defineCommand({
  usage: '[options]',
  about:
    'Shows the log of the agent from now on, until you press Ctrl-C. The level is of what is shown here: the log of the agent itself stays as it is.',
  examples: [
    { says: 'Everything, also what the log of the agent leaves out:', type: 'monitor -log-level=debug' },
    { says: 'For programs:', type: 'monitor -log-json' },
  ],
  flags: {
    logJson: switchFlag('One JSON object a line.'),
    logLevel: textFlag('Least level that is shown: trace, debug, info, warn, error.', 'level', 'INFO'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    const stop = listenForInterrupt(['SIGINT', 'SIGTERM']);
    try {
      await agent.follow(
        {
          path: '/v1/agent/monitor',
          query: { loglevel: flags.logLevel, ...(flags.logJson ? { logjson: true as const } : {}) },
          signal: stop.signal,
        },
        (text) => io.out(text),
      );
      if (stop.signal.aborted) return 0;
      io.err('Remote side ended the monitor! This usually means that the remote side has exited or crashed.\n');
      return 1;
    } catch (thrown) {
      return stop.signal.aborted ? 0 : failure(io, 'Error starting monitor', thrown);
    } finally {
      stop.release();
    }
  },
});
