import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/index.js';
import type { Backend, BackendTransaction } from '../../src/state/index.js';
import { Database } from '../../src/state/tables/index.js';
import { CommitGroup } from '../../src/state/transactions/commit-group.js';
import { openStore } from './support/engines.js';
import { HostileEngine } from './support/hostile-backend.js';
import { kv } from './support/records.js';
import { seededRandom } from './support/seeded-random.js';

/** An engine that works, and what it was given to commit. */
function observed(): { backend: Backend; given: BackendTransaction[]; engine: HostileEngine } {
  const engine = new HostileEngine({ random: seededRandom(5) });
  const backend = engine.connect();
  const given: BackendTransaction[] = [];
  const commit = backend.commit.bind(backend);
  backend.commit = (transaction) => {
    given.push(transaction);
    return commit(transaction);
  };
  return { backend, given, engine };
}

const put = (key: string, value = 'eA==') => ({ type: 'put', table: 'kv', key, value }) as const;
const remove = (key: string) => ({ type: 'delete', table: 'kv', key }) as const;
const read = (key: string, modRevision = 0) => ({ table: 'kv', key, modRevision }) as const;

describe('transactions of one moment', () => {
  it('are one commit of the engine, each over the writes of those before', async () => {
    const { backend, given } = observed();
    const store = await openStore(backend);
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        store.transact('count', (transaction) => {
          const next = Number(transaction.get('kv', 'count')?.value ?? 0) + 1;
          transaction.put('kv', kv('count', String(next)));
          return next;
        }),
      ),
    );
    expect(results.map(({ result }) => result)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(new Set(results.map(({ index }) => index)).size).toBe(1);
    expect(given).toHaveLength(1);
    expect(given[0]?.operations).toHaveLength(1);
    expect(given[0]?.conditions.filter((condition) => 'key' in condition && condition.key === 'count')).toEqual([
      read('count'),
    ]);
    expect(store.view.get('kv', 'count')?.value).toBe('20');
  });

  it('do not suffer from one that is refused, which is told what holds without them', async () => {
    const { backend } = observed();
    const store = await openStore(backend);
    const writes = ['a', 'b'].map((key) => store.transact('put', (transaction) => transaction.put('kv', kv(key))));
    const refused = store.transact('refuse', () => {
      throw new AppError('invalidArgument', 'no');
    });
    await expect(refused).rejects.toThrow('no');
    await Promise.all(writes);
    expect(store.view.range('kv', 'prefix', [''])).toHaveLength(2);
  });

  it('are as many commits as it takes when they are too many for one', async () => {
    const { backend, given } = observed();
    const store = await openStore(backend);
    await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        store.transact('put', (transaction) => transaction.put('kv', kv(`k${at}`))),
      ),
    );
    expect(Math.max(...given.map(({ operations }) => operations.length))).toBeLessThanOrEqual(90);
    expect(given.length).toBeLessThan(10);
    expect(store.view.range('kv', 'prefix', [''])).toHaveLength(300);
  });

  it('are written although another server changes what one of them has read', async () => {
    const { backend, engine } = observed();
    const store = await openStore(backend);
    await store.transact('put', (transaction) => transaction.put('kv', kv('shared', '1')));
    engine.hold();
    engine.apply({ conditions: [], operations: [put('shared', JSON.stringify({ v: 1, ...kv('shared', '5') }))] });
    const both = Promise.all([
      store.transact('add', (transaction) => {
        const next = Number(transaction.get('kv', 'shared')?.value) + 1;
        transaction.put('kv', kv('shared', String(next)));
        return next;
      }),
      store.transact('put', (transaction) => transaction.put('kv', kv('other'))),
    ]);
    engine.release();
    const [{ result }] = await both;
    expect(result).toBe(6);
    expect(store.view.get('kv', 'shared')?.value).toBe('6');
    expect(store.view.get('kv', 'other')).toBeDefined();
  });
});

describe('a group', () => {
  const part = (conditions: BackendTransaction['conditions'], operations: BackendTransaction['operations']) => ({
    conditions,
    operations,
    rows: [],
  });

  it('leaves out what was made and removed within it', () => {
    const group = new CommitGroup(new Database());
    group.add(part([read('a')], [put('a'), put('b')]));
    group.add(part([], [remove('a')]));
    expect(group.transaction().operations).toEqual([put('b')]);
  });

  it('is entangled with whoever reads what it writes or writes what it reads, ranges included', () => {
    const group = new CommitGroup(new Database());
    group.add(part([read('in'), { table: 'kv', keyPrefix: 'dir/', notAfter: 1 }], [put('out/x')]));
    const entangled = (...given: Parameters<typeof part>) => group.isEntangledWith(part(...given));
    expect(entangled([read('other')], [put('other')])).toBe(false);
    expect(entangled([read('out/x')], [])).toBe(true);
    expect(entangled([{ table: 'kv', keyPrefix: 'out/', notAfter: 1 }], [])).toBe(true);
    expect(entangled([{ table: 'nodes', keyPrefix: '', notAfter: 1 }], [])).toBe(false);
    expect(entangled([], [put('in')])).toBe(true);
    expect(entangled([], [remove('dir/y')])).toBe(true);
  });
});
