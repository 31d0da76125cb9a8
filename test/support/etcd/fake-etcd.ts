import { Server, ServerCredentials, type ServerDuplexStream, type ServerUnaryCall, status } from '@grpc/grpc-js';
import {
  type Compare,
  etcdServices,
  type KeyValue,
  type RequestOp,
  type TxnRequest,
  type WatchEvent,
  type WatchResponse,
} from '../../../src/state/backend/etcd/client/index.js';
import { FakeStore, type Wire } from './fake-store.js';

/**
 * What real etcds were seen to do wrong (the numbers are issues of etcd), each with the probability that it happens at one
 * occasion. What is not named never happens.
 */
export interface Lies {
  /** A watch leaves a revision out (#17529). */
  skipRevision?: number;
  /** A watch leaves one change of a revision out (#18089, #19179). */
  skipEvent?: number;
  /** A watch gives a revision twice. */
  repeat?: number;
  /** A watch goes back and gives the last few revisions again (#15271). */
  goBack?: number;
  /** A watch says nothing any more, without ending; it goes on answering requests for progress. */
  stall?: number;
  /** The same, and it answers nothing. */
  freeze?: number;
  /** A progress notification is ahead of events that are still to come (#15220). */
  earlyProgress?: number;
  /** Events come before the transaction that made them is answered, and with a header that is behind them (#20221). */
  future?: number;
  /** A linearizable read is answered from the past (#20418). */
  staleRead?: number;
  /** The history is compacted between two pages of a list, or under a watch. */
  compact?: number;
  /** A transaction is applied and its answer lost; or neither; or it is applied some time after its caller was told to give up. */
  lostAnswer?: number;
  /** A watch ends. */
  breakWatch?: number;
}

interface Watch {
  readonly call: ServerDuplexStream<RawWatchRequest, WatchResponse>;
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
  next: number;
  mode: 'works' | 'stalled' | 'frozen' | 'ended';
}

interface RawWatchRequest {
  readonly create_request?: {
    readonly key: Buffer;
    readonly range_end: Buffer;
    readonly start_revision: string;
  } | null;
  readonly progress_request?: object | null;
}

type RawRange = Wire<NonNullable<RequestOp['request_range']>>;
type Unary<Request> = (
  call: ServerUnaryCall<Request, unknown>,
  callback: (error: Refusal | null, answer?: unknown) => void,
) => void;
type Refusal = Error & { readonly code: status; readonly details: string };

/** What a member takes in one transaction unless it is told otherwise (--max-txn-ops). */
const OPERATIONS_PER_TRANSACTION = 128;

/** A server that speaks etcd's API over a store in memory, and lies as it is told to. */
export class FakeEtcd {
  readonly store = new FakeStore();
  lies: Lies = {};
  clusterId = '1234567890123456789';
  version = '3.6.1';
  hasSpace = true;
  /** 0 = it does not say. */
  quotaBytes = 0;
  /** No lease is kept alive, and none is made, as without a leader; none ends either. */
  hasLeader = true;
  readonly leases = new Set<string>();
  /** Calls by name, for tests that count. */
  readonly calls = new Map<string, number>();
  readonly #server = new Server();
  #port = 0;
  readonly #random: () => number;
  readonly #watches = new Set<Watch>();

  private constructor(random: () => number) {
    this.#random = random;
    const { KV, Watch, Lease, Maintenance } = etcdServices();
    this.#server.addService(KV, {
      Range: this.#unary('Range', (request: RawRange) => this.#range(request)),
      Txn: this.#unary('Txn', (request: TxnRequest) => this.#txn(request)),
      Compact: this.#unary('Compact', ({ revision }: { revision: string }) => this.#compact(Number(revision))),
    });
    this.#server.addService(Watch, {
      Watch: (call: ServerDuplexStream<RawWatchRequest, WatchResponse>) => this.#watch(call),
    });
    this.#server.addService(Lease, {
      LeaseGrant: this.#unary('LeaseGrant', ({ TTL }: { TTL: string }) => {
        if (!this.hasLeader) throw refusal(status.UNAVAILABLE, 'no leader');
        const id = String(7000 + this.leases.size + this.store.revision * 100);
        this.leases.add(id);
        return { header: this.#header(), ID: id, TTL };
      }),
      LeaseRevoke: this.#unary('LeaseRevoke', ({ ID }: { ID: string }) => {
        this.endLease(ID);
        return { header: this.#header() };
      }),
      LeaseKeepAlive: (call: ServerDuplexStream<{ readonly ID: string }, object>) => {
        call.on('error', () => undefined);
        call.on('data', ({ ID }) => {
          this.calls.set('LeaseKeepAlive', (this.calls.get('LeaseKeepAlive') ?? 0) + 1);
          if (this.hasLeader) call.write({ header: this.#header(), ID, TTL: this.leases.has(ID) ? '6' : '0' });
          else call.emit('error', refusal(status.UNAVAILABLE, 'no leader'));
        });
        call.on('end', () => call.end());
      },
    });
    this.#server.addService(Maintenance, {
      Status: this.#unary('Status', () => ({
        header: this.#header(),
        version: this.version,
        dbSize: 1,
        leader: 1,
        dbSizeQuota: this.quotaBytes,
      })),
      Alarm: this.#unary('Alarm', () => ({
        header: this.#header(),
        alarms: this.hasSpace ? [] : [{ memberID: 7, alarm: 'NOSPACE' }],
      })),
    });
  }

  static async start(random: () => number): Promise<FakeEtcd> {
    const fake = new FakeEtcd(random);
    fake.#port = await new Promise<number>((resolve, reject) =>
      fake.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return fake;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ends every watch, as a member that stops does. */
  breakWatches(): void {
    for (const watch of this.#watches) this.#end(watch);
  }

  /** A lease is over: its keys are deleted. */
  endLease(id: string): void {
    if (!this.leases.delete(id)) return;
    this.store.apply(this.store.leased(id).map((key) => ({ request_delete_range: { key } })));
    this.#pumpAll();
  }

  /** Is stopped, restored from a copy of an older revision, and started again. */
  restore(revision: number): void {
    this.store.rewind(revision);
    this.leases.clear();
    this.breakWatches();
  }

  /** Another program writes. */
  put(key: string, value: string): void {
    this.store.apply([{ request_put: { key: Buffer.from(key), value: Buffer.from(value) } }]);
    this.#pumpAll();
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #unary<Request>(name: string, answer: (request: Request) => unknown): Unary<Request> {
    const respond = async (...[call, callback]: Parameters<Unary<Request>>): Promise<void> => {
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
      try {
        callback(null, await answer(call.request));
      } catch (thrown) {
        callback(thrown as Refusal);
      }
    };
    return (call, callback) => void respond(call, callback);
  }

  #chance(probability: number | undefined): boolean {
    return this.#random() < (probability ?? 0);
  }

  #header(revision = this.store.revision) {
    return { cluster_id: this.clusterId, member_id: 7, revision, raft_term: 2 };
  }

  async #range(request: RawRange) {
    await this.#turns();
    if (this.#chance(this.lies.compact)) this.store.compact(this.store.revision - 1);
    return this.#read(request);
  }

  #read({ key, range_end, limit, revision, keys_only, ...filter }: RawRange, at?: number) {
    const { store } = this;
    const wanted = Number(revision);
    if (wanted > 0 && wanted < store.compacted)
      throw refusal(status.OUT_OF_RANGE, 'mvcc: required revision has been compacted');
    if (wanted > store.revision) throw refusal(status.OUT_OF_RANGE, 'mvcc: required revision is a future revision');
    const isStale = wanted === 0 && at === undefined && this.#chance(this.lies.staleRead);
    const shown =
      wanted || at || (isStale ? Math.max(1, store.revision - 1 - Math.floor(this.#random() * 5)) : store.revision);
    const all = store.range(key, range_end ?? Buffer.alloc(0), shown);
    const some = all.filter((kv) => passes(kv, filter));
    const kvs = Number(limit) > 0 ? some.slice(0, Number(limit)) : some;
    return {
      header: this.#header(isStale ? shown : store.revision),
      kvs: keys_only ? kvs.map((kv) => ({ ...kv, value: Buffer.alloc(0) })) : kvs,
      more: kvs.length < some.length,
      count: all.length,
    };
  }

  async #txn(request: TxnRequest) {
    await this.#turns();
    const { compare, success, failure = [] } = request;
    if (Math.max(compare.length, success.length, failure.length) > OPERATIONS_PER_TRANSACTION)
      throw refusal(status.INVALID_ARGUMENT, 'too many operations in txn request');
    const isWrite = success.some((operation) => !operation.request_range);
    if (isWrite && !this.hasSpace) throw refusal(status.RESOURCE_EXHAUSTED, 'mvcc: database space exceeded');
    if (isWrite && this.#chance(this.lies.lostAnswer)) {
      const fate = this.#random();
      if (fate < 0.4) this.#apply(request);
      else if (fate < 0.7) setTimeout(() => this.#apply(request), this.#random() * 40);
      throw refusal(status.UNAVAILABLE, 'request timed out');
    }
    const answer = this.#apply(request);
    if (this.#chance(this.lies.future)) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.#turns();
    return answer;
  }

  #apply({ compare, success, failure }: TxnRequest) {
    const unknown = success.find(({ request_put }) => !this.#knowsLease(request_put?.lease));
    if (unknown) throw refusal(status.NOT_FOUND, 'requested lease not found');
    const succeeded = compare.every((each) => this.store.holds(each as unknown as Wire<Compare>));
    const operations = (succeeded ? success : failure) ?? [];
    const before = this.store.revision;
    const responses = operations.map((operation) =>
      operation.request_range
        ? { response_range: this.#read(operation.request_range as unknown as RawRange, before) }
        : {},
    );
    this.store.apply(operations);
    this.#pumpAll();
    return { header: this.#header(), succeeded, responses };
  }

  #knowsLease(lease = '0'): boolean {
    return lease === '0' || this.leases.has(lease);
  }

  #compact(revision: number) {
    this.store.compact(revision);
    return { header: this.#header() };
  }

  #watch(call: ServerDuplexStream<RawWatchRequest, WatchResponse>): void {
    let watch: Watch | undefined;
    call.on('error', () => undefined);
    call.on('cancelled', () => {
      if (watch) this.#end(watch);
    });
    call.on('data', ({ create_request, progress_request }: RawWatchRequest) => {
      if (create_request) {
        const { key, range_end, start_revision } = create_request;
        watch = { call, key, rangeEnd: range_end, next: Number(start_revision), mode: 'works' };
        this.#watches.add(watch);
        this.#write(watch, { created: true });
        this.#pump(watch);
      } else if (progress_request && watch && watch.mode !== 'frozen') this.#write(watch, {});
    });
    call.on('end', () => {
      if (watch) this.#end(watch);
    });
  }

  #pumpAll(): void {
    for (const watch of this.#watches) this.#pump(watch);
  }

  #pump(watch: Watch): void {
    void this.#turns().then(() => {
      const { lies, store } = this;
      if (watch.mode !== 'works') return;
      if (this.#chance(lies.breakWatch)) return this.#end(watch);
      if (this.#chance(lies.stall)) watch.mode = 'stalled';
      if (this.#chance(lies.freeze)) watch.mode = 'frozen';
      if (watch.mode !== 'works') return;
      if (watch.next <= store.compacted) {
        this.#write(watch, { canceled: true, compact_revision: String(store.compacted) });
        return this.#end(watch);
      }
      if (this.#chance(lies.earlyProgress)) this.#write(watch, {});
      const due = store.history.filter(({ revision }) => revision >= watch.next);
      for (const { revision, events } of due) {
        watch.next = revision + 1;
        if (!this.#chance(lies.skipRevision)) this.#give(watch, events);
        if (this.#chance(lies.repeat)) this.#give(watch, events);
        if (this.#chance(lies.goBack))
          for (const old of store.history.filter((entry) => entry.revision <= revision).slice(-3))
            this.#give(watch, old.events);
      }
    });
  }

  #give({ key, rangeEnd, ...watch }: Watch, events: readonly WatchEvent[]): void {
    const [from, to] = [key.toString('latin1'), rangeEnd.toString('latin1')];
    const isInside = ({ kv }: WatchEvent): boolean => {
      const name = kv.key.toString('latin1');
      return to === '' ? name === from : name >= from && name < to;
    };
    const mine = events.filter(isInside);
    // One of several: a watch that leaves out all is another lie.
    if (mine.length > 1 && this.#chance(this.lies.skipEvent)) mine.splice(Math.floor(this.#random() * mine.length), 1);
    if (mine.length === 0) return;
    const half = mine.length > 1 && this.#random() < 0.3 ? 1 : 0;
    if (half) this.#write(watch, { events: mine.slice(0, half), fragment: true });
    this.#write(watch, { events: mine.slice(half) });
  }

  #write({ call }: Pick<Watch, 'call'>, answer: Partial<WatchResponse>): void {
    if (!call.writable) return;
    const isBehind = (answer.events?.length ?? 0) > 0 && this.#chance(this.lies.future);
    const revision = isBehind ? Number(answer.events?.[0]?.kv.mod_revision) - 1 : this.store.revision;
    call.write({ header: this.#header(revision), watch_id: '0', ...answer } as unknown as WatchResponse);
  }

  #end(watch: Watch): void {
    watch.mode = 'ended';
    this.#watches.delete(watch);
    watch.call.end();
  }

  /** Answers take none to three turns of the event loop. */
  async #turns(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns -= 1)
      await new Promise((resolve) => setImmediate(resolve));
  }
}

function refusal(code: status, what: string): Refusal {
  const details = `etcdserver: ${what}`;
  return Object.assign(new Error(details), { code, details });
}

type Filter = Pick<RawRange, 'min_mod_revision' | 'max_mod_revision' | 'min_create_revision' | 'max_create_revision'>;

function passes({ mod_revision, create_revision }: KeyValue, filter: Filter): boolean {
  const within = (value: string, least: string | undefined, most: string | undefined): boolean =>
    (Number(least ?? 0) === 0 || Number(value) >= Number(least)) &&
    (Number(most ?? 0) === 0 || Number(value) <= Number(most));
  return (
    within(mod_revision, filter.min_mod_revision, filter.max_mod_revision) &&
    within(create_revision, filter.min_create_revision, filter.max_create_revision)
  );
}
