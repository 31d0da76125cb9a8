import { hostname } from 'node:os';
import { type AgentConfig, loadAgentConfig } from '../../agent/config/index.js';
import type { CheckedConfiguration, ConfiguredPort } from '../check/installation-check.js';

/** What `check` looks at of an agent's configuration files, which are read as the agent would. Throws AppError with what is wrong. */
export function readConfiguration(paths: readonly string[]): CheckedConfiguration {
  const { config, withoutEffect } = loadAgentConfig(
    paths.flatMap((path) => ['-config-file', path]),
    hostname(),
  );
  const { https, grpc, internalRpc } = config.tls;
  const { etcd } = config.state;
  const files = [
    { option: 'tls.https', ...https },
    { option: 'tls.grpc', ...grpc },
    { option: 'tls.internal_rpc', ...internalRpc },
    { option: 'state.etcd', ...etcd },
  ];
  return {
    nodeName: config.nodeName,
    dataDir: config.dataDir,
    withoutEffect,
    ports: portsOf(config).filter(({ port, address }) => port > 0 && !address.startsWith('unix:')),
    tlsFiles: files
      .filter(({ certFile }) => certFile !== '')
      .map(({ option, caFile, certFile, keyFile }) => ({ option, caFile, certFile, keyFile })),
  };
}

function portsOf(config: AgentConfig): readonly ConfiguredPort[] {
  const { ports, bindAddress, state } = config;
  const on = (option: string, addresses: readonly string[], port: number): readonly ConfiguredPort[] =>
    addresses.map((address) => ({ option, address, port, isUdp: false }));
  const dns = on('ports.dns', config.dnsAddresses, ports.dns);
  const hasDoor = config.server && (config.cluster.encrypt !== '' || config.tls.internalRpc.certFile !== '');
  const member = state.backend === 'etcd' ? state.etcd.member : undefined;
  return [
    ...on('ports.http', config.httpAddresses, ports.http),
    ...on('ports.https', config.httpsAddresses, ports.https),
    ...dns,
    ...dns.map((port) => ({ ...port, isUdp: true })),
    ...on('ports.grpc', config.grpcAddresses, ports.grpc),
    ...on('ports.grpc_tls', config.grpcTlsAddresses, ports.grpcTls),
    ...(hasDoor ? on('ports.server', [bindAddress], ports.server) : []),
    ...(hasDoor ? on('ports.serf_lan', [bindAddress], ports.serfLan) : []),
    ...(member ? on('state.etcd.client_port', [bindAddress], member.clientPort) : []),
    ...(member ? on('state.etcd.peer_port', [bindAddress], member.peerPort) : []),
  ];
}
