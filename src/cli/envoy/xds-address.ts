import { type AgentClient } from '../http/agent-client.js';
import { asList, asRecord, asText } from '../json.js';
import { UsageError } from '../usage-error.js';
import type { XdsAddress, XdsTls } from './bootstrap-input.js';

/** What the agent says of itself and its xDS ports; 0 = closed. */
export interface AgentFacts {
  readonly datacenter: string;
  readonly plaintextPort: number;
  readonly tlsPort: number;
}

export interface XdsTarget {
  readonly address: XdsAddress;
  readonly secure: boolean;
}

/** Asks the agent for its datacenter and xDS ports. */
export async function agentFacts(agent: AgentClient): Promise<AgentFacts> {
  const self = asRecord(await agent.get('/v1/agent/self'));
  const xds = asRecord(self['xDS']);
  const ports = asRecord(xds['Ports']);
  const port = (value: unknown): number => Math.max(0, Number(value) || 0);
  return {
    datacenter: asText(asRecord(self['Config'])['Datacenter']),
    plaintextPort: port(ports['Plaintext'] ?? xds['Port']),
    tlsPort: port(ports['TLS']),
  };
}

/**
 * Where Envoy shall fetch its configuration: what the user gave, else the agent's own host and ports. Plaintext is chosen
 * on this host, TLS towards others, since keys are not given out over plaintext to other hosts.
 */
export function chooseXdsTarget(given: string, agentHost: string, facts: AgentFacts, hasCa: boolean): XdsTarget {
  if (given.startsWith('unix://'))
    return { address: { type: 'unix', path: given.slice('unix://'.length) }, secure: hasCa };
  if (given !== '') return readAddress(given, facts, hasCa);
  const isHere = isLoopback(agentHost);
  const secure = facts.tlsPort > 0 && (hasCa || facts.plaintextPort === 0 || !isHere);
  const port = secure ? facts.tlsPort : facts.plaintextPort;
  if (port === 0)
    throw new UsageError(
      'the agent serves no xDS: start it with -grpc-port 8502, or give the address of another with -grpc-addr',
    );
  return { address: { type: 'tcp', host: isHere ? '127.0.0.1' : agentHost, port }, secure };
}

function readAddress(given: string, facts: AgentFacts, hasCa: boolean): XdsTarget {
  const match = /^(?:(https?):\/\/)?(\[[^\]]+\]|[^:/]*)(?::(\d{1,5}))?\/?$/.exec(given);
  if (match === null || Number(match[3] ?? 0) > 65_535)
    throw new UsageError(`"${given}" is not an xDS address: write HOST:PORT, https://HOST:PORT or unix://PATH`);
  const [, scheme, host = '', portText] = match;
  const givenPort = Number(portText ?? 0);
  const secure = scheme === undefined ? hasCa || (givenPort > 0 && givenPort === facts.tlsPort) : scheme === 'https';
  const port = givenPort || (secure ? facts.tlsPort || 8503 : facts.plaintextPort || 8502);
  const name = host.replace(/^\[(.*)\]$/, '$1');
  return { address: { type: 'tcp', host: name === '' || name === 'localhost' ? '127.0.0.1' : name, port }, secure };
}

const isLoopback = (host: string): boolean =>
  host === '' || host === 'localhost' || host === '::1' || host.startsWith('127.');

/** The agent's roots as what a TLS connection to it trusts: only its servers and agents, no workload. */
export async function trustInAgent(agent: AgentClient, serverName: string): Promise<XdsTls> {
  const answer = asRecord(await agent.get('/v1/agent/connect/ca/roots'));
  const roots = asList(answer['Roots']).map((root) => asText(asRecord(root)['RootCert']));
  if (roots.length === 0)
    throw new Error('the agent has no root certificate yet; wait until it is ready, or give -grpc-ca-file');
  return {
    caPem: roots.map((pem) => `${pem.trim()}\n`).join(''),
    serverName,
    identityPrefix: `spiffe://${asText(answer['TrustDomain'])}/agent/`,
  };
}
