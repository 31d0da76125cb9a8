import { AppError, type Clock, pauseOn } from '../../core/index.js';
import {
  appErrorOf,
  EtcdClient,
  type EtcdConnection,
  EtcdError,
  hexId,
  status,
} from '../../state/backend/etcd/client/index.js';
import { type MemberChangeParts, memberOf, removeMember, transferLeader } from './member-changes.js';
import { type MemberStatus, MemberWatch } from './member-watch.js';

const LOOK_EVERY_MS = 2000;

/** An etcd that somebody else runs, as those see it who operate the servers. */
export interface ExternalEtcd {
  /** All members as they were seen last; empty until they were, and where the etcd user may not ask. */
  readonly members: readonly MemberStatus[];
  /** By etcd's id or the member's name. Throws AppError: when a majority would be lost, or the etcd user may not. */
  removeMember(id: string): Promise<void>;
  /** By etcd's id or the member's name; empty = any other that votes and answers. Throws AppError. */
  transferLeader(id: string): Promise<void>;
  close(): void;
}

/** Looks at the members every two seconds. Where an endpoint of the connection is a member's, that is asked rather than the URL it tells. */
export function watchExternalEtcd(
  connection: EtcdConnection,
  { clock, info }: { readonly clock: Clock; readonly info: (message: string) => void },
): ExternalEtcd {
  const parts = {
    now: () => clock.now(),
    pause: (delayMs: number) => pauseOn(clock, delayMs),
  };
  const reach = (endpoints: readonly string[]): EtcdConnection => ({ ...connection, endpoints });
  const client = new EtcdClient(connection, parts);
  const watch = new MemberWatch((url) => reach([url]), clock);
  /** Member id -> the endpoint of the connection that led to it. */
  const known = new Map<string, string>();
  let members: readonly MemberStatus[] = [];
  let mayAsk = true;
  let isClosed = false;
  let cancel = (): void => undefined;

  const findEndpoints = async (): Promise<void> => {
    const unknown = connection.endpoints.filter((url) => ![...known.values()].includes(url));
    const found = await Promise.allSettled(
      unknown.map(async (url) => {
        const endpoint = client.endpoints.all[connection.endpoints.indexOf(url)];
        if (!endpoint) return;
        const { header } = await client.status(endpoint);
        if (header) known.set(header.member_id, url);
      }),
    );
    for (const one of found) {
      if (one.status === 'rejected' && isForbidden(one.reason)) throw one.reason;
    }
  };
  const look = async (): Promise<void> => {
    await findEndpoints();
    const listed = (await client.members(false)).members.map((member) => {
      const url = known.get(member.ID);
      return url === undefined ? member : { ...member, clientURLs: [url] };
    });
    members = await watch.look(listed);
    mayAsk = true;
  };
  const keep = async (): Promise<void> => {
    try {
      await look();
    } catch (thrown) {
      if (isForbidden(thrown)) [members, mayAsk] = [[], false];
      else members = members.map((member) => ({ ...member, isLeader: false, silentMs: Math.max(1, member.silentMs) }));
    }
    if (!isClosed) cancel = clock.after(LOOK_EVERY_MS, () => void keep());
  };
  void keep();

  const changing = async (change: (parts: MemberChangeParts) => Promise<void>): Promise<void> => {
    try {
      await look();
      await change({ members, client, connect: (urls) => new EtcdClient(reach(urls), parts), clock });
      await look();
    } catch (thrown) {
      throw isForbidden(thrown) || !mayAsk ? notRoot() : appErrorOf(thrown);
    }
  };
  return {
    get members() {
      return members;
    },
    async removeMember(id) {
      await changing(async (at) => {
        const member = memberOf(at.members, id);
        const name = `the etcd member ${member.name || hexId(member.id)}`;
        await removeMember(member, name, at);
        info(`${name} was removed, as asked: end its process, and take it out of state.etcd.endpoints`);
      });
    },
    async transferLeader(id) {
      await changing((at) => transferLeader(id, at));
    },
    close() {
      isClosed = true;
      cancel();
      watch.close();
      client.close();
    },
  };
}

const isForbidden = (thrown: unknown): boolean => {
  const error = thrown instanceof AppError ? thrown.cause : thrown;
  return error instanceof EtcdError && error.code === status.PERMISSION_DENIED;
};

const notRoot = (): AppError =>
  new AppError(
    'unsupported',
    'the etcd user of this server may not see or change the members of etcd: use "etcdctl member" and "etcdctl move-leader", or give the user the role root',
  );
