import type { HttpConfig } from '../http-deps.js';

/** Status of a member that is alive, as Serf numbers it. */
const ALIVE = 1;

/** This agent as a member of its datacenter, or (`wan`) of the wide-area pool (consul-behaviour.md 1.2). */
export function describeMember(config: HttpConfig, wan: boolean): Record<string, unknown> {
  const { ports } = config;
  return {
    Name: wan ? `${config.nodeName}.${config.datacenter}` : config.nodeName,
    Addr: config.advertiseAddress,
    Port: wan ? ports.serfWan : ports.serfLan,
    Tags: {
      acls: config.aclEnabled ? '1' : '0',
      build: `${config.version}:${config.revision}`,
      dc: config.datacenter,
      ft_fs: '1',
      ft_si: '1',
      grpc_port: String(ports.grpc),
      grpc_tls_port: String(ports.grpcTls),
      id: config.nodeId,
      port: String(ports.server),
      raft_vsn: '3',
      role: config.server ? 'consul' : 'node',
      segment: '',
      vsn: '2',
      vsn_max: '3',
      vsn_min: '2',
      ...(wan ? {} : { wan_join_port: String(ports.serfWan) }),
    },
    Status: ALIVE,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}
