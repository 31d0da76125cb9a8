import type { Member } from '../../../discovery/members/index.js';
import type { HttpConfig } from '../http-deps.js';

/** Status as Serf numbers it. */
const STATUS = { alive: 1, leaving: 2, left: 3, failed: 4 } as const;

/** The tags of this agent as a member of its datacenter, in Serf's words (consul-behaviour 11.2). */
export function memberTags(config: HttpConfig): Readonly<Record<string, string>> {
  const { ports } = config;
  return {
    acls: config.aclEnabled ? '1' : '0',
    build: `${config.version}:${config.revision}`,
    dc: config.datacenter,
    id: config.nodeId,
    role: config.server ? 'consul' : 'node',
    segment: '',
    vsn: '2',
    vsn_max: '3',
    vsn_min: '2',
    ...(config.server && {
      ft_fs: '1',
      ft_si: '1',
      grpc_port: String(ports.grpc),
      grpc_tls_port: String(ports.grpcTls),
      port: String(ports.server),
      raft_vsn: '3',
      wan_join_port: String(ports.serfWan),
    }),
  };
}

/** This agent as a member. */
export function ownMember(config: HttpConfig): Member {
  const { nodeName: name, advertiseAddress: address, ports } = config;
  return { name, address, port: ports.serfLan, tags: memberTags(config), status: 'alive', sinceMs: 0 };
}

/** A member of the datacenter as clients see it, or (`wan`) of the wide-area pool (consul-behaviour.md 1.2). */
export function describeMember({ name, address, port, tags, status }: Member, wan: boolean): Record<string, unknown> {
  const { wan_join_port: wanPort, ...others } = tags;
  return {
    Name: wan ? `${name}.${tags['dc'] ?? ''}` : name,
    Addr: address,
    Port: wan ? Number(wanPort ?? 0) : port,
    Tags: Object.fromEntries(Object.entries(wan ? others : tags).sort(([left], [right]) => (left < right ? -1 : 1))),
    Status: STATUS[status],
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}
