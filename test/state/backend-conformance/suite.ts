import { describe, expect, it, onTestFinished } from 'vitest';
import type { Backend, BackendCommit, BackendTransaction, StoredRecord, WatchEvent } from '../../../src/state/index.js';

/** An engine under test: `reopen` gives a backend over the data of the one before, where the engine keeps any. */
export interface EngineUnderTest {
  readonly open: () => Promise<Backend>;
  /** Its revisions count the writes of others too. */
  readonly isShared?: boolean;
  readonly reopen?: (previous: Backend) => Promise<Backend>;
  /** Makes the engine forget old commits; without it they go by themselves after two thousand. */
  readonly compact?: (backend: Backend) => void | Promise<void>;
}

const put = (key: string, value = '{"v":1}'): BackendTransaction['operations'][number] => ({
  type: 'put',
  table: 'kv',
  key,
  value,
});

const remove = (key: string): BackendTransaction['operations'][number] => ({ type: 'delete', table: 'kv', key });

async function write(backend: Backend, ...operations: BackendTransaction['operations']): Promise<number> {
  const outcome = await backend.commit({ conditions: [], operations });
  if (!outcome.ok) throw new Error('a transaction without conditions was refused');
  return outcome.revision;
}

/** In the order of their keys, as plain objects: an engine may make a value when it is asked for. */
const byKey = (records: readonly StoredRecord[]): StoredRecord[] =>
  records
    .map(({ table, key, value, createRevision, modRevision }) => ({ table, key, value, createRevision, modRevision }))
    .sort((left, right) => (left.key < right.key ? -1 : 1));

/** Collects what a watch tells, and lets a test wait for a revision. */
function collect(
  backend: Backend,
  afterRevision: number,
): { readonly commits: BackendCommit[]; until(revision: number): Promise<void> } {
  const commits: BackendCommit[] = [];
  const waiting: (() => void)[] = [];
  let last = afterRevision;
  const onEvent = (event: WatchEvent): void => {
    if (event.type === 'commit') {
      commits.push(event.commit);
      last = event.commit.revision;
    } else if (event.type === 'resync') stop = backend.watch(last, onEvent);
    for (const wake of waiting.splice(0)) wake();
  };
  let stop = backend.watch(afterRevision, onEvent);
  onTestFinished(() => stop());
  return {
    commits,
    async until(revision) {
      while (last < revision) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** What every engine must do: the contract in src/state/backend/backend.ts, sentence by sentence. */
export function describeBackend(name: string, engine: EngineUnderTest): void {
  describe(`backend conformance: ${name}`, () => {
    const open = async (): Promise<Backend> => {
      const backend = await engine.open();
      onTestFinished(() => backend.close());
      return backend;
    };

    it('lists nothing, at revision 1 or, where others write too, above, when it is new', async () => {
      const { revision, records } = await (await open()).list();
      expect(records).toEqual([]);
      if (engine.isShared) expect(revision).toBeGreaterThanOrEqual(1);
      else expect(revision).toBe(1);
    });

    it('gives all changes of a transaction one revision, above all earlier ones', async () => {
      const backend = await open();
      const first = await write(backend, put('a'), put('b'));
      const second = await write(backend, put('b', '{"v":2}'), put('c'));
      expect(second).toBeGreaterThan(first);
      const { revision, records } = await backend.list();
      expect(revision).toBeGreaterThanOrEqual(second);
      expect(byKey(records)).toEqual([
        { table: 'kv', key: 'a', value: '{"v":1}', createRevision: first, modRevision: first },
        { table: 'kv', key: 'b', value: '{"v":2}', createRevision: first, modRevision: second },
        { table: 'kv', key: 'c', value: '{"v":1}', createRevision: second, modRevision: second },
      ]);
    });

    it('keeps equal keys of different tables apart', async () => {
      const backend = await open();
      await write(backend, put('a'), { type: 'put', table: 'nodes', key: 'a', value: '{"v":3}' });
      await write(backend, remove('a'));
      expect((await backend.list()).records).toMatchObject([{ table: 'nodes', key: 'a', value: '{"v":3}' }]);
    });

    it('keeps any text as key and value', async () => {
      const backend = await open();
      const keys = ['', 'a\u0000b\u0000', 'ä/ö', '日本', '𝄞', 'a/b/c', '../x', ' ', '\n', '~'];
      await write(backend, ...keys.map((key) => put(key, JSON.stringify({ key }))));
      const { records } = await backend.list();
      expect(byKey(records).map(({ key }) => key)).toEqual([...keys].sort());
      for (const { key, value } of records) expect(JSON.parse(value)).toEqual({ key });
    });

    it('gives a record that is made again a new create revision', async () => {
      const backend = await open();
      await write(backend, put('a'));
      await write(backend, remove('a'));
      const again = await write(backend, put('a'));
      expect((await backend.list()).records).toMatchObject([{ createRevision: again, modRevision: again }]);
    });

    it('applies a transaction only if every key is at the revision it names', async () => {
      const backend = await open();
      const first = await write(backend, put('a'));
      const stale = { table: 'kv', key: 'a', modRevision: first - 1 } as const;
      const refused = await backend.commit({ conditions: [stale], operations: [put('b')] });
      expect(refused).toEqual({ ok: false, conflict: stale });
      const current = { table: 'kv', key: 'a', modRevision: first } as const;
      const absent = { table: 'kv', key: 'b', modRevision: 0 } as const;
      expect(await backend.commit({ conditions: [current, absent], operations: [put('b')] })).toMatchObject({
        ok: true,
      });
      expect(await backend.commit({ conditions: [absent], operations: [put('c')] })).toEqual({
        ok: false,
        conflict: absent,
      });
      expect((await backend.list()).records.map(({ key }) => key).sort()).toEqual(['a', 'b']);
    });

    it('applies a transaction only if nothing in a range is newer than the revision it names', async () => {
      const backend = await open();
      const first = await write(backend, put('p/a'));
      const range = { table: 'kv', keyPrefix: 'p/', notAfter: first } as const;
      expect(await backend.commit({ conditions: [range], operations: [put('q')] })).toMatchObject({ ok: true });
      await write(backend, put('p/b'));
      expect(await backend.commit({ conditions: [range], operations: [put('r')] })).toEqual({
        ok: false,
        conflict: range,
      });
      const elsewhere = { table: 'kv', keyPrefix: 'p/a', notAfter: first } as const;
      expect(await backend.commit({ conditions: [elsewhere], operations: [put('r')] })).toMatchObject({ ok: true });
    });

    it('lets exactly one of many writers win a compare', async () => {
      const backend = await open();
      const seen = await write(backend, put('counter'));
      const condition = { table: 'kv', key: 'counter', modRevision: seen } as const;
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          backend.commit({ conditions: [condition], operations: [put('counter', `{"v":${at}}`)] }),
        ),
      );
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    });

    it('tells a watch every commit once and in order, deletes and former ones included', async () => {
      const backend = await open();
      const first = await write(backend, put('a'));
      const { commits, until } = collect(backend, first);
      const revisions = [
        await write(backend, put('b')),
        await write(backend, put('a', '{"v":2}'), remove('b')),
        ...(await Promise.all([write(backend, put('c')), write(backend, put('d'))])).sort(
          (left, right) => left - right,
        ),
      ];
      await until(revisions[3] as number);
      expect(commits.map(({ revision }) => revision)).toEqual(revisions);
      expect(commits[1]?.changes).toEqual([
        { table: 'kv', key: 'a', value: '{"v":2}', createRevision: first, modRevision: revisions[1] },
        { table: 'kv', key: 'b', deleted: true },
      ]);
      const late = collect(backend, revisions[1] as number);
      await late.until(revisions[3] as number);
      expect(late.commits.map(({ revision }) => revision)).toEqual(revisions.slice(2));
    });

    it('tells nothing after the watch was stopped', async () => {
      const backend = await open();
      const events: WatchEvent[] = [];
      const stop = backend.watch((await backend.list()).revision, (event) => events.push(event));
      stop();
      await backend.barrier();
      await write(backend, put('a'));
      await backend.barrier();
      expect(events).toEqual([]);
    });

    it('asks for a new list when the commits after a revision are gone', async () => {
      const backend = await open();
      const first = await write(backend, put('a'));
      // In waves: a busy machine would not answer all of them at once in time.
      for (let wave = 0; wave < 25; wave += 1)
        await Promise.all(Array.from({ length: 100 }, (_, at) => write(backend, put('b', `{"v":${wave * 100 + at}}`))));
      await engine.compact?.(backend);
      const event = await new Promise<WatchEvent>((resolve) => {
        const stop = backend.watch(first, resolve);
        onTestFinished(() => stop());
      });
      expect(event.type).toBe('resync');
    });

    it('has a barrier that covers every acknowledged commit', async () => {
      const backend = await open();
      const revision = await write(backend, put('a'));
      expect(await backend.barrier()).toBeGreaterThanOrEqual(revision);
    });

    it('takes a transaction of thousands of changes as one, and its records are like all others', async () => {
      const backend = await open();
      const first = await write(backend, put('k/0'));
      const { commits, until } = collect(backend, first);
      const doomed = Array.from({ length: 80 }, (_, at) => `old/${at}`);
      const before = await write(backend, ...doomed.map((key) => put(key)));
      const keys = Array.from({ length: 1500 }, (_, at) => `k/${at}`);
      const operations = [...keys.map((key) => put(key, JSON.stringify({ key }))), ...doomed.map(remove)];
      const atStart = { table: 'kv', key: 'k/0', modRevision: first } as const;
      const outcome = await backend.commit({ conditions: [atStart], operations });
      if (!outcome.ok) throw new Error('it was refused');
      const { revision } = outcome;
      const refused = await backend.commit({ conditions: [atStart], operations });
      expect(refused).toEqual({ ok: false, conflict: atStart });
      const { records } = await backend.list();
      expect(records).toHaveLength(1500);
      expect(new Set(records.map(({ modRevision }) => modRevision))).toEqual(new Set([revision]));
      expect(new Set(records.map(({ createRevision }) => createRevision))).toEqual(new Set([first, revision]));
      await until(await backend.barrier());
      const seen = commits.filter(({ changes }) => changes.length > 0);
      expect(seen.map((commit) => commit.revision)).toEqual([before, revision]);
      expect(seen[1]?.changes).toHaveLength(operations.length);
      expect(byKey(seen[1]?.changes.filter((change) => 'value' in change) as StoredRecord[])).toEqual(byKey(records));
      const isThere = { table: 'kv', key: 'k/7', modRevision: revision } as const;
      const nothingNewer = { table: 'kv', keyPrefix: 'k/', notAfter: await backend.barrier() } as const;
      const later = await backend.commit({ conditions: [isThere, nothingNewer], operations: [put('k/7')] });
      if (!later.ok) throw new Error('it was refused');
      const { records: after } = await backend.list();
      expect(after.find(({ key }) => key === 'k/7')).toMatchObject({
        createRevision: revision,
        modRevision: later.revision,
      });
    });

    it('lists one revision while others write', async () => {
      const backend = await open();
      const pairs = Array.from({ length: 50 }, (_, at) =>
        write(backend, put('left', `{"v":${at}}`), put('right', `{"v":${at}}`)),
      );
      for (let round = 0; round < 5; round += 1) {
        const { records, revision } = await backend.list();
        const [left, right] = byKey(records);
        expect(left?.value).toBe(right?.value);
        for (const { modRevision } of records) expect(modRevision).toBeLessThanOrEqual(revision);
      }
      await Promise.all(pairs);
    });

    const { reopen } = engine;
    if (!reopen) return;

    it('has everything acknowledged after it was closed and opened again', async () => {
      const backend = await open();
      const revision = await write(backend, put('a'), put('b'));
      const last = await write(backend, remove('a'));
      const before = await backend.list();
      const again = await reopen(backend);
      onTestFinished(() => again.close());
      const after = await again.list();
      expect(byKey(after.records)).toEqual(byKey(before.records));
      expect(after.revision).toBeGreaterThanOrEqual(before.revision);
      expect(before.records).toMatchObject([{ key: 'b', modRevision: revision }]);
      expect(await write(again, put('c'))).toBeGreaterThan(last);
    });
  });
}
