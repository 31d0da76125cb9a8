import type { ReadSnapshot, SnapshotRecord } from '../../snapshot/index.js';
import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { choiceFlag, numberFlag, switchFlag, textFlag } from '../flags/flag.js';
import { printJson } from '../json.js';

interface Tally {
  readonly name: string;
  count: number;
  sizeBytes: number;
}

/** `snapshot inspect FILE`: what is in a file, without a server. */
export const snapshotInspect = defineCommand({
  usage: '[options] FILE|s3://BUCKET/KEY',
  about:
    'Shows what is in a snapshot file: its index, and how many records of each kind there are and how large they are.',
  examples: [
    { says: 'A file:', type: 'snapshot inspect backup.snap' },
    { says: 'Which keys take the most room:', type: 'snapshot inspect -kvdetails -kvdepth=3 backup.snap' },
  ],
  flags: {
    format: choiceFlag('How it is printed.', ['pretty', 'json'], 'pretty'),
    kvdetails: switchFlag('Show the keys of the key-value store too, by their first parts.'),
    kvdepth: numberFlag('How many parts of a key are shown.', 2),
    kvfilter: textFlag('Only keys that begin with this.'),
  },
  maxArgs: 1,
  reachesAgent: false,
  run: async ({ flags, args, io }) => {
    const [name = ''] = args;
    if (name === '') return refuse(io, 'Missing FILE argument');
    if (flags.kvdepth < 1) return refuse(io, 'The -kvdepth flag must be 1 or more');
    const tables = new Map<string, Tally>();
    const keys = new Map<string, Tally>();
    let cluster: string | undefined;
    const onRecord = ({ table, key, value }: SnapshotRecord, sizeBytes: number): void => {
      add(tables, table, sizeBytes);
      if (table === 'ca-config' && typeof value['clusterId'] === 'string') cluster = value['clusterId'];
      if (flags.kvdetails && table === 'kv' && key.startsWith(flags.kvfilter))
        add(keys, key.split('/').slice(0, flags.kvdepth).join('/'), sizeBytes);
    };
    const { SnapshotError } = await import('../../snapshot/index.js');
    const { verifySnapshot } = await import('../snapshots/verify-snapshot.js');
    const { withSnapshotFile } = await import('../snapshots/local-snapshot.js');
    try {
      const read = await withSnapshotFile(name, io, (path) => verifySnapshot(path, onRecord));
      const shown = {
        read,
        cluster,
        tables: largestFirst(tables),
        keys: flags.kvdetails ? largestFirst(keys) : undefined,
      };
      io.out(flags.format === 'json' ? asJson(shown) : asText(shown));
      return 0;
    } catch (thrown) {
      if (thrown instanceof SnapshotError) return failure(io, 'Error reading snapshot', thrown);
      return refuse(io, `Error opening snapshot file: ${fileProblem(thrown, name)}`);
    }
  },
});

interface Shown {
  readonly read: ReadSnapshot;
  /** The id of the cluster; undefined where the snapshot has none. */
  readonly cluster: string | undefined;
  readonly tables: readonly Tally[];
  /** Undefined = not asked for. */
  readonly keys: readonly Tally[] | undefined;
}

function add(tallies: Map<string, Tally>, name: string, sizeBytes: number): void {
  const tally = tallies.get(name) ?? { name, count: 0, sizeBytes: 0 };
  tally.count += 1;
  tally.sizeBytes += sizeBytes;
  tallies.set(name, tally);
}

const largestFirst = (tallies: ReadonlyMap<string, Tally>): readonly Tally[] =>
  [...tallies.values()].sort((left, right) => right.sizeBytes - left.sizeBytes || (left.name < right.name ? -1 : 1));

const total = (tallies: readonly Tally[] = []): number => tallies.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** There are no terms here: one server writes, or etcd decides. */
const TERM = 1;

function asJson({ read: { meta, sizeBytes }, tables, keys }: Shown): string {
  const stats = (tallies: readonly Tally[]): readonly object[] =>
    tallies.map(({ name, count, sizeBytes: Sum }) => ({ Name: name, Sum, Count: count }));
  const shown = {
    Meta: { ID: meta.id, Size: sizeBytes, Index: meta.index, Term: TERM, Version: meta.version },
    Stats: stats(tables),
    StatsKV: keys === undefined ? null : stats(keys),
    TotalSize: sizeBytes,
    TotalSizeKV: total(keys),
  };
  return `${printJson(shown, 3)}\n`;
}

function asText({ read: { meta, sizeBytes }, cluster, tables, keys }: Shown): string {
  const facts = columns(
    [
      ['ID', meta.id],
      ['Size', String(sizeBytes)],
      ['Index', String(meta.index)],
      ['Term', String(TERM)],
      ['Version', String(meta.version)],
      ...(cluster === undefined ? [] : [['Cluster', cluster]]),
      ['Saved', `${meta.createdAt} by ${meta.node} of ${meta.datacenter}`],
    ].map(([name = '', value = '']) => [` ${name}`, value]),
    4,
  );
  return [facts, table('Type', tables), ...(keys === undefined ? [] : [table('Key Name', keys)])].join('\n');
}

function table(title: string, tallies: readonly Tally[]): string {
  const line = [' ----', '----', '----'];
  return columns(
    [
      [` ${title}`, 'Count', 'Size'],
      line,
      ...tallies.map(({ name, count, sizeBytes }) => [` ${name}`, String(count), size(sizeBytes)]),
      line,
      [' Total', '', size(total(tallies))],
    ],
    4,
  );
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

function size(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(1).replace(/\.0$/, '')}${UNITS[unit] ?? ''}`;
}
