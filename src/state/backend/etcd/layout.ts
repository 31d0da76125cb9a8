import type { TableName } from '../../../model/index.js';

/**
 * Keys of ours in etcd. Records are `<prefix>/<table>/<key>`; what is not a record begins with a dot, which no table does.
 *
 *     tip                 put by every transaction: who made it, and how many puts and deletes it has
 *     .store              says that the prefix is ours, and its format
 *     .fences/<server>    compared by every transaction of a server; a new one makes its older transactions fail
 *     .bundle             exists while a large transaction is decided and not yet unfolded into its records
 *     .staged/<id>/<n>    pieces of large transactions
 *     .unfolded/<F>       a large transaction decided at revision F whose unfolding ended with this key's revision
 *     .history            another value after etcd was restored from an older copy and somebody noticed
 *     .compaction         whose turn it is to compact
 *
 * What lives as long as a server, under its lease, is not below the prefix but in `<prefix>-live/`.
 */
export class Layout {
  readonly prefix: string;
  readonly everything: { readonly key: Buffer; readonly range_end: Buffer };
  readonly tip: Buffer;
  readonly store: Buffer;
  readonly bundle: Buffer;
  readonly history: Buffer;
  readonly compaction: Buffer;
  readonly liveArea: { readonly key: Buffer; readonly range_end: Buffer };

  /** `prefix` without a slash at its end. */
  constructor(prefix: string) {
    this.prefix = `${prefix}/`;
    this.everything = this.range('');
    this.tip = this.key('tip');
    this.store = this.key('.store');
    this.bundle = this.key('.bundle');
    this.history = this.key('.history');
    this.compaction = this.key('.compaction');
    const live = Buffer.from(`${prefix}-live/`);
    this.liveArea = { key: live, range_end: successor(live) };
  }

  key(name: string): Buffer {
    return Buffer.from(this.prefix + name);
  }

  record(table: TableName, key: string): Buffer {
    return this.key(`${table}/${key}`);
  }

  fence(server: string): Buffer {
    return this.key(`.fences/${server}`);
  }

  staged(id: string, piece: number): Buffer {
    return this.key(`.staged/${id}/${String(piece).padStart(6, '0')}`);
  }

  unfolded(revision: number): Buffer {
    return this.key(`.unfolded/${revision}`);
  }

  live(key: string): Buffer {
    return Buffer.concat([this.liveArea.key, Buffer.from(key)]);
  }

  /** All keys that begin with the prefix and `start`. */
  range(start: string): { readonly key: Buffer; readonly range_end: Buffer } {
    const key = this.key(start);
    return { key, range_end: successor(key) };
  }

  /** What a key of ours is. */
  parse(key: Buffer): ParsedKey {
    const name = key.toString('utf8', this.prefix.length);
    if (name === 'tip') return { type: 'tip' };
    if (name === '.bundle') return { type: 'bundle' };
    if (name === '.history') return { type: 'history' };
    if (name.startsWith('.unfolded/')) return { type: 'unfolded', revision: Number(name.slice('.unfolded/'.length)) };
    const slash = name.indexOf('/');
    if (slash < 1 || name.startsWith('.')) return { type: 'other' };
    return { type: 'record', table: name.slice(0, slash) as TableName, key: name.slice(slash + 1) };
  }
}

export type ParsedKey =
  | { readonly type: 'record'; readonly table: TableName; readonly key: string }
  | { readonly type: 'unfolded'; readonly revision: number }
  | { readonly type: 'tip' | 'bundle' | 'history' | 'other' };

/** The first key after all that begin with this one; our prefixes never end with the byte 255. */
function successor(key: Buffer): Buffer {
  const end = Buffer.from(key);
  end[end.length - 1] = (end[end.length - 1] as number) + 1;
  return end;
}

/** What `tip` holds: a name for the transaction, and how many puts and deletes it has besides `tip`. */
export interface TipValue {
  readonly id: string;
  readonly puts: number;
  readonly deletes: number;
}

export function encodeTip({ id, puts, deletes }: TipValue): Buffer {
  return Buffer.from(`${puts} ${deletes} ${id}`);
}

/** Undefined when the value is not one of ours. */
export function decodeTip(value: Buffer): TipValue | undefined {
  const match = /^(\d+) (\d+) (.+)$/.exec(value.toString());
  return match ? { puts: Number(match[1]), deletes: Number(match[2]), id: match[3] as string } : undefined;
}

/** What `.bundle` holds: which staged pieces make one transaction. */
export interface BundlePointer {
  readonly id: string;
  readonly pieces: number;
}

export function decodeBundle(value: Buffer): BundlePointer | undefined {
  try {
    const { id, pieces } = JSON.parse(value.toString()) as Partial<BundlePointer>;
    return typeof id === 'string' && typeof pieces === 'number' ? { id, pieces } : undefined;
  } catch {
    return undefined;
  }
}
