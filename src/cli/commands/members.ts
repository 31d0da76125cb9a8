import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { switchFlag, textFlag } from '../flags/flag.js';
import { asList, asRecord, asText } from '../json.js';

/** Exit code when no member matches (consul-behaviour.md 3.3). */
const NOTHING = 2;

const STATUSES = ['none', 'alive', 'leaving', 'left', 'failed'] as const;

interface Member {
  readonly name: string;
  readonly address: string;
  readonly status: string;
  readonly protocol: string;
  readonly tags: Readonly<Record<string, unknown>>;
}

/** `members`: a table of the members of the cluster. */
export const members = defineCommand({
  usage: '[options]',
  about: 'Lists the members of the cluster that the agent knows.',
  examples: [
    { says: 'All members:', type: 'members' },
    { says: 'Those that have failed:', type: 'members -status=failed' },
  ],
  flags: {
    detailed: switchFlag('Show all tags of each member.'),
    filter: textFlag('Filter expression for the members.'),
    segment: textFlag('Only members of this segment; _all means all.'),
    status: textFlag(
      'Only members whose status matches this regular expression: alive, leaving, left, failed.',
      'regexp',
      '.*',
    ),
    wan: switchFlag('Servers of all datacenters instead of the members of this one.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    let isWanted: (status: string) => boolean;
    try {
      const { compileRegex } = await import('../../lang/regex/index.js');
      const pattern = compileRegex(flags.status);
      isWanted = (status) => pattern.testWhole(status);
    } catch (thrown) {
      return refuse(io, `Failed to compile status regexp: ${messageOf(thrown)}`);
    }
    try {
      const query = {
        ...(flags.wan ? { wan: '1' } : { segment: flags.segment === '' ? '_all' : flags.segment }),
        ...(flags.filter === '' ? {} : { filter: flags.filter }),
      };
      const found = asList(await agent.get('/v1/agent/members', query))
        .map(member)
        .filter(({ status }) => isWanted(status))
        .sort(byDatacenterAndName);
      if (found.length === 0) return NOTHING;
      io.out(columns(flags.detailed ? detailedTable(found) : table(found)));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error retrieving members', thrown);
    }
  },
});

function member(value: unknown): Member {
  const fields = asRecord(value);
  const host = asText(fields['Addr']);
  return {
    name: asText(fields['Name']),
    address: `${host.includes(':') ? `[${host}]` : host}:${asText(fields['Port'])}`,
    status: STATUSES[Number(fields['Status'])] ?? 'unknown',
    protocol: asText(asRecord(fields['Tags'])['vsn']) || asText(fields['ProtocolCur']),
    tags: asRecord(fields['Tags']),
  };
}

const sortKey = ({ tags, name }: Member): string =>
  `${asText(tags['dc'])}\u0000${asText(tags['segment'])}\u0000${name}`;
const byDatacenterAndName = (a: Member, b: Member): number => (sortKey(a) < sortKey(b) ? -1 : 1);

function table(found: readonly Member[]): readonly (readonly string[])[] {
  const header = ['Node', 'Address', 'Status', 'Type', 'Build', 'Protocol', 'DC', 'Partition', 'Segment'];
  return [header, ...found.map(row)];
}

function row({ name, address, status, protocol, tags }: Member): readonly string[] {
  const role = asText(tags['role']);
  const isServer = role === 'consul';
  return [
    name,
    address,
    status,
    isServer ? 'server' : role === 'node' ? 'client' : 'unknown',
    asText(tags['build']).split(':')[0] ?? '',
    protocol,
    asText(tags['dc']),
    asText(tags['ap']) || 'default',
    asText(tags['segment']) || (isServer ? '<all>' : '<default>'),
  ];
}

function detailedTable(found: readonly Member[]): readonly (readonly string[])[] {
  const tags = (one: Member) =>
    Object.entries(one.tags)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${asText(value)}`)
      .join(',');
  return [['Node', 'Address', 'Status', 'Tags'], ...found.map((one) => [one.name, one.address, one.status, tags(one)])];
}
