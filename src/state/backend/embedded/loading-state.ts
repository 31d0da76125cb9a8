import { LargeMap } from '../../../core/index.js';
import type { TableName } from '../../../model/index.js';
import type { StoredRecord } from '../backend.js';
import { type ChainPoint, EMPTY_CHAIN } from './chain.js';
import { ContentReader, type FileKind, readStart } from './content.js';
import { FRAME_KINDS } from './frame.js';
import type { FrameFile } from './frame-file.js';

export type RecordsByTable = Map<TableName, LargeMap<StoredRecord>>;

/** The newest commit that is known to have been durable; `unreadable` when what knew it is damaged. */
export type NewestKnown = ChainPoint | 'unreadable' | undefined;

/** The records while files are read one after another. What is thrown says what is wrong with the file that is read. */
export class LoadingState {
  readonly records: RecordsByTable = new Map();
  tip: ChainPoint = EMPTY_CHAIN;
  #count = 0;
  /** The chain at the newest known commit, if it was met. */
  #met: ChainPoint | undefined;

  /** Takes the state from a snapshot; how long the file is. */
  async readSnapshot(file: FrameFile, revision: number): Promise<number> {
    const { start, hash } = await this.#readStart(file, 'snapshot');
    if (start.revision !== revision) throw new Error(`it is the snapshot of revision ${start.revision}`);
    let previous = hash;
    for (let frame = await file.next(); frame; frame = await file.next()) {
      if (frame.previous !== previous) throw new Error('a part of it belongs elsewhere');
      previous = frame.hash;
      const reader = new ContentReader(frame.content);
      if (frame.kind === FRAME_KINDS.end) {
        if (reader.number() !== this.#count || file.position !== file.end) throw new Error('it is not complete');
        this.tip = { revision: start.revision, hash: start.hash };
        return file.position;
      }
      if (frame.kind !== FRAME_KINDS.records) throw new Error('a part of it belongs elsewhere');
      while (!reader.isAtEnd) this.#take(reader);
    }
    throw new Error('it is not complete');
  }

  /** Takes the commits of a log; where its last whole frame ends. Only the last log may end with a frame that is not whole. */
  async readLog(file: FrameFile, isLast: boolean, newest: NewestKnown): Promise<number> {
    const { start } = await this.#readStart(file, 'log');
    if (start.revision !== this.tip.revision + 1 || start.hash !== this.tip.hash)
      throw new Error('it does not follow what was written before it');
    this.#meet(newest);
    for (let frame = await file.next(); frame; frame = await file.next()) {
      if (frame.kind !== FRAME_KINDS.commits || frame.previous !== this.tip.hash)
        throw new Error(`what follows commit ${this.tip.revision} belongs elsewhere`);
      this.#takeCommits(new ContentReader(frame.content), frame.hash);
      this.#meet(newest);
    }
    const wasCutOff = file.tail === 'unfinished' && isLast && newest !== 'unreadable';
    if (file.tail !== 'nothing' && !wasCutOff)
      throw new Error(`what follows commit ${this.tip.revision} is not readable`);
    return file.position;
  }

  /** Throws when the newest known commit is not among what was read. */
  checkNewest(newest: NewestKnown, from: number): void {
    if (typeof newest !== 'object') return;
    const { revision } = this.tip;
    if (newest.revision > revision)
      throw new Error(`commits ${revision + 1} to ${newest.revision}, the newest, are missing`);
    if (newest.revision > EMPTY_CHAIN.revision && newest.revision >= from && this.#met?.hash !== newest.hash)
      throw new Error(`commit ${newest.revision} is not the one that was written`);
  }

  async #readStart(file: FrameFile, kind: FileKind) {
    const frame = await file.next();
    const start = frame?.kind === FRAME_KINDS.start ? readStart(frame.content) : undefined;
    if (!frame || start?.kind !== kind) throw new Error('its beginning is not readable');
    return { start, hash: frame.hash };
  }

  #takeCommits(reader: ContentReader, hash: string): void {
    const count = reader.number();
    let { revision } = this.tip;
    while (!reader.isAtEnd) {
      const next = reader.number();
      if (next !== revision + 1) throw new Error(`commit ${revision + 1} is missing`);
      revision = next;
      for (let left = reader.number(); left > 0; left -= 1) this.#take(reader);
    }
    if (count !== this.#count) throw new Error(`there are ${this.#count} records where ${count} were written`);
    this.tip = { revision, hash };
  }

  #take(reader: ContentReader): void {
    const change = reader.change();
    let table = this.records.get(change.table);
    if (!table) this.records.set(change.table, (table = new LargeMap()));
    const before = table.size;
    if ('deleted' in change) table.delete(change.key);
    else table.set(change.key, change);
    this.#count += table.size - before;
  }

  #meet(newest: NewestKnown): void {
    if (typeof newest === 'object' && newest.revision === this.tip.revision) this.#met = this.tip;
  }
}
