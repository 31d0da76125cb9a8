import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../core/index.js';
import type { FoundingPlan, FoundingPromise, FoundingRecord } from './forming.js';

/** What a server keeps about its member beside the member's own data. */
export interface MemberRecord extends FoundingRecord {
  /** The member has run with its data: without them it may only join anew, never found. */
  readonly hasRun: boolean;
  /** Client URLs of all members when they were seen last. */
  readonly clientUrls: readonly string[];
}

const NOTHING: MemberRecord = { hasRun: false, clientUrls: [] };

/** The member's folder: its data, and a record that is on stable storage before anybody hears of what it says. */
export class MemberFolder {
  readonly path: string;
  readonly #recordPath: string;
  #record: MemberRecord;

  /** Throws AppError('corruptState') when the record is not readable. */
  constructor(path: string) {
    this.path = path;
    this.#recordPath = join(path, 'member.json');
    this.#record = existsSync(this.#recordPath) ? parseRecord(this.#recordPath) : NOTHING;
  }

  get record(): MemberRecord {
    return this.#record;
  }

  get dataPath(): string {
    return join(this.path, 'data');
  }

  /** Whether the member has data to start from. */
  get hasData(): boolean {
    return existsSync(join(this.dataPath, 'member', 'wal'));
  }

  write(record: MemberRecord): void {
    if (JSON.stringify(record) === JSON.stringify(this.#record)) return;
    const text = `${JSON.stringify(record, undefined, 2)}\n`;
    const file = openSync(`${this.#recordPath}.new`, 'w', 0o600);
    writeSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(`${this.#recordPath}.new`, this.#recordPath);
    const folder = openSync(dirname(this.#recordPath), 'r');
    fsyncSync(folder);
    closeSync(folder);
    this.#record = record;
  }

  /** The data of a member that is no longer one are put aside, one older generation is kept. */
  putDataAside(): void {
    const aside = join(this.path, 'data.removed');
    rmSync(aside, { recursive: true, force: true });
    if (existsSync(this.dataPath)) renameSync(this.dataPath, aside);
  }

  /** Forgets everything: the next start is a first one. */
  forget(): void {
    this.putDataAside();
    rmSync(this.#recordPath, { force: true });
    this.#record = NOTHING;
  }
}

function parseRecord(path: string): MemberRecord {
  try {
    const { promise, decided, hasRun, clientUrls } = JSON.parse(readFileSync(path, 'utf8')) as Partial<
      Record<keyof MemberRecord, unknown>
    >;
    return {
      ...(promise !== undefined && { promise: promiseOf(promise) }),
      ...(decided !== undefined && { decided: planOf(decided) }),
      hasRun: hasRun === true,
      clientUrls: textsOf(clientUrls),
    };
  } catch (cause) {
    throw new AppError(
      'corruptState',
      `${path} is not readable: if the other servers run, remove the folder ${dirname(path)} and this server joins them anew`,
      { cause },
    );
  }
}

function promiseOf(value: unknown): FoundingPromise {
  const { coordinator, attempt } = value as Partial<FoundingPromise>;
  if (typeof coordinator !== 'string' || typeof attempt !== 'string') throw new Error('not a promise');
  return { coordinator, attempt };
}

/** A plan as another server or an earlier run wrote it. Throws when it is none. */
export function planOf(value: unknown): FoundingPlan {
  const { attempt, founders } = value as Partial<FoundingPlan>;
  if (typeof attempt !== 'string' || !Array.isArray(founders) || founders.length === 0) throw new Error('not a plan');
  return {
    attempt,
    founders: founders.map((founder: unknown) => {
      const { id, peerUrl } = founder as Record<string, unknown>;
      if (typeof id !== 'string' || typeof peerUrl !== 'string') throw new Error('not a founder');
      return { id, peerUrl };
    }),
  };
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
