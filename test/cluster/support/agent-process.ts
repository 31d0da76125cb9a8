/**
 * A client agent's link as a process: argv = node name, node id, join address, cluster key. Prints `joined <server>` and `lost`; leaves at
 * SIGTERM.
 */
import { writeSync } from 'node:fs';
import { deriveClusterSecrets, joinTokenOf } from '../../../src/cluster/credentials/index.js';
import { createServerLink, systemResolve } from '../../../src/cluster/index.js';
import { systemClock } from '../../../src/core/index.js';
import { factsOf } from './facts.js';

const [node = '', nodeId = '', address = '', key = ''] = process.argv.slice(2);
const print = (line: string): number => writeSync(1, `${line}\n`);
const say = (_fields: object, message: string): void => void print(`log: ${message}`);
const link = createServerLink({
  facts: { ...factsOf(node), nodeId },
  join: { addresses: [address], intervalMs: 500, max: 0 },
  admission: { token: joinTokenOf(deriveClusterSecrets(key)) },
  clock: systemClock,
  random: Math.random,
  resolve: systemResolve,
  logger: { info: say, warn: say },
  onGiveUp: ({ message }) => print(message),
});
link.state$.subscribe((state) => print(state.kind === 'joined' ? `joined ${state.server.name}` : state.kind));
const living = setInterval(() => undefined, 1000);
process.once('SIGTERM', () => {
  void link.leave(5000).then(() => clearInterval(living));
});
