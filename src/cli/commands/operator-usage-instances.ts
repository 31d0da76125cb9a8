import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { switchFlag } from '../flags/flag.js';
import { asRecord } from '../json.js';

type Counts = Readonly<Record<string, unknown>>;

/** `operator usage instances`: how many services, instances and nodes there are. */
export const operatorUsageInstances = defineCommand({
  usage: '[options]',
  about: 'Counts services, their instances, and nodes.',
  examples: [
    { says: 'This datacenter:', type: 'operator usage instances' },
    { says: 'Only instances that take part in the mesh:', type: 'operator usage instances -connect' },
  ],
  flags: {
    allDatacenters: switchFlag('Count in all datacenters.'),
    billable: switchFlag("Only users' services, without proxies and gateways."),
    connect: switchFlag('Only instances that take part in the mesh, by kind.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const query = flags.allDatacenters ? ({ global: true } as const) : {};
      const usage = asRecord(asRecord(await agent.get('/v1/operator/usage', query))['Usage']);
      const datacenters = Object.entries(usage)
        .map(([name, counts]) => [name, asRecord(counts)] as const)
        .sort(([left], [right]) => (left < right ? -1 : 1));
      const both = flags.billable === flags.connect;
      if (both || flags.billable) io.out(billable(datacenters));
      if (both || flags.connect) io.out(connect(datacenters, flags.allDatacenters));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error fetching usage information', thrown);
    }
  },
});

type Datacenters = readonly (readonly [name: string, counts: Counts])[];

const sum = (datacenters: Datacenters, field: string): number =>
  datacenters.reduce((total, [, counts]) => total + Number(counts[field] ?? 0), 0);

function billable(datacenters: Datacenters): string {
  const instances = 'BillableServiceInstances';
  const each = datacenters.map(
    ([name, counts]) => `${name} Billable Service Instances: ${Number(counts[instances])}\n`,
  );
  return [
    `Billable Service Instances Total: ${sum(datacenters, instances)}\n`,
    ...each,
    '\nBillable Services\n',
    table([
      ['Services', 'Service instances'],
      [String(sum(datacenters, 'Services')), String(sum(datacenters, instances))],
    ]),
    '\n\nNodes\n',
    table([
      ['Datacenter', 'Count'],
      ...datacenters.map(([name, counts]) => [name, String(Number(counts['Nodes']))]),
      ['', ''],
      ['Total', String(sum(datacenters, 'Nodes'))],
    ]),
    '\n\n',
  ].join('');
}

function connect(datacenters: Datacenters, byDatacenter: boolean): string {
  const rows = datacenters.flatMap(([name, counts]) =>
    Object.entries(asRecord(counts['ConnectServiceInstances']))
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([kind, count]) => [...(byDatacenter ? [name] : []), kind, String(Number(count))]),
  );
  const header = [...(byDatacenter ? ['Datacenter'] : []), 'Type', 'Service instances'];
  return `Connect Services\n${table([header, ...rows])}`;
}

const GAP = 6;

/** Columns as wide as their widest cell and the gap. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)) + GAP);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
