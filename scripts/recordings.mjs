// npm run recordings [-- options]: plays what a real Consul answered against our build and compares; --help names the options.
import { join } from 'node:path';
import { root, runVisible } from './lib/run.mjs';
import { prepare } from './prepare.mjs';

const args = process.argv.slice(2);
const program = [process.execPath, '--import', 'tsx', join(root, 'test', 'recordings', 'run.mjs'), ...args];

// Real Envoys listen on the addresses that the scenarios name; in a namespace of its own all addresses are local.
const namespace = [
  'unshare',
  '-Urn',
  'sh',
  '-c',
  'ip link set lo up && ip route add local 0.0.0.0/0 dev lo && exec "$@"',
  'sh',
];

try {
  const needsBuild = !args.some((one) => ['--consul', '--list', '--help'].includes(one));
  if (needsBuild) await prepare();
  const [command, ...rest] = args.includes('--envoy') ? [...namespace, ...program] : program;
  process.exitCode = await runVisible(command, rest);
} catch (error) {
  console.error(`npm run recordings: ${error.message}`);
  process.exitCode = 2;
}
