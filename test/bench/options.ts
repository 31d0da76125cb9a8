import { parseArgs } from 'node:util';
import { type ChangeKind, changeKinds, isChangeKind } from './change-kinds.js';

/** What `npm run bench` was asked for. */
export interface BenchOptions {
  readonly parts: ReadonlySet<string>;
  readonly full: boolean;
  readonly proxies: readonly number[];
  /** `short` or `long`. */
  readonly acks: readonly string[];
  readonly rounds: number | undefined;
  /** Of api: what the name of a request must hold to be measured; empty = all are. */
  readonly requests: string;
  readonly parked: number | undefined;
  readonly records: number | undefined;
  /** Parts of `etcd`. */
  readonly etcd: ReadonlySet<string>;
  readonly changes: readonly ChangeKind[];
  readonly synthetic: boolean;
  readonly startUp: boolean;
  readonly json: string | undefined;
}

const PARTS: readonly string[] = ['start-up', 'xds', 'api', 'compile', 'etcd'];
const etcdParts: readonly string[] = ['registrations', 'barriers', 'servers', 'load'];
const ACKS: readonly string[] = ['short', 'long'];

export const HELP = `npm run bench -- [options]: what the product costs beside the floor of the same bytes in the same run

  --only PARTS      some of ${PARTS.join(', ')}, separated by commas (start-up,xds,api)
                      start-up  how long it takes to be up
                      xds       how fast a change reaches every proxy
                      api       reads, writes, DNS, parked queries, a restart
                      compile   what one sidecar is told, compiled and encoded: cold, and after changes
                      etcd      three etcd members and what stands on them; needs an etcd
  --full            longer: several minutes
  --rounds N        measured rounds of xds and api
  --json FILE       what was measured in start-up, xds, api and etcd, as JSON
  --proxies N,…     xds: how many proxies (1000; with --full 200,1000,5000)
  --acks short,long xds: long = the proxies repeat a node of 60 kB in every request (short; with --full both)
  --changes KINDS   xds: some of ${changeKinds.join(', ')} (all)
  --synthetic       xds: the xDS server alone, over cells set by hand; without the parts start-up and api
  --no-start-up     without the part start-up
  --requests TEXT   api: only requests whose names hold it, e.g. registration (all)
  --parked N        api: parked queries (5000; with --full 20000); 0 = none
  --etcd PARTS      etcd: some of ${etcdParts.join(', ')} (all)
  --records N       api, etcd: records in the store (50000; with --full 200000); 0 = none
  --help            this

BENCH_NODE_ARGS go to the node that is measured, e.g. BENCH_NODE_ARGS=--cpu-prof.
`;

/** Reads the arguments: what is wanted, `help`, or one sentence about what is wrong with them. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' | { readonly problem: string } {
  const parsed = tryParse(args);
  if (typeof parsed === 'string') return { problem: parsed };
  const values = parsed;
  if (values.help) return 'help';
  const { full, synthetic } = values;
  const parts = values.only.split(',');
  const acks = (values.acks ?? (full ? 'short,long' : 'short')).split(',');
  const changes = values.changes.split(',');
  const proxies = (values.proxies ?? (full ? '200,1000,5000' : '1000')).split(',');
  const problem =
    unknown('part', parts, PARTS) ??
    unknown('part of etcd', values.etcd.split(','), etcdParts) ??
    unknown('kind of ACK', acks, ACKS) ??
    unknown('kind of change', changes, changeKinds) ??
    proxies.map((count) => notANumber('proxies', count, 1)).find((one) => one !== undefined) ??
    notANumber('rounds', values.rounds, 1) ??
    notANumber('parked', values.parked, 0) ??
    notANumber('records', values.records, 0);
  if (problem !== undefined) return { problem };
  const numberOf = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    parts: new Set(parts),
    full,
    proxies: proxies.map(Number),
    acks,
    rounds: numberOf(values.rounds),
    requests: values.requests,
    parked: numberOf(values.parked),
    records: numberOf(values.records),
    etcd: new Set(values.etcd.split(',')),
    changes: changes.filter(isChangeKind),
    synthetic,
    startUp: !values['no-start-up'] && !synthetic,
    json: values.json,
  };
}

function tryParse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', default: 'start-up,xds,api' },
        full: { type: 'boolean', default: false },
        proxies: { type: 'string' },
        rounds: { type: 'string' },
        acks: { type: 'string' },
        requests: { type: 'string', default: '' },
        parked: { type: 'string' },
        records: { type: 'string' },
        etcd: { type: 'string', default: etcdParts.join(',') },
        json: { type: 'string' },
        changes: { type: 'string', default: changeKinds.join(',') },
        synthetic: { type: 'boolean', default: false },
        'no-start-up': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (thrown) {
    // The first sentence names the option; what follows is about options that look like values.
    return (thrown as Error).message.split('. ')[0] ?? '';
  }
}

function unknown(what: string, given: readonly string[], known: readonly string[]): string | undefined {
  const wrong = given.find((one) => !known.includes(one));
  return wrong === undefined ? undefined : `There is no ${what} "${wrong}"; there are ${known.join(', ')}`;
}

function notANumber(option: string, text: string | undefined, least: number): string | undefined {
  if (text === undefined || (/^\d+$/.test(text) && Number(text) >= least)) return undefined;
  return `--${option} takes whole numbers from ${least} on, not "${text}"`;
}
