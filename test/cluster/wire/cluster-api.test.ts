import { describe, expect, it } from 'vitest';
import type { AgentFacts, ServerPeer } from '../../../src/cluster/index.js';
import { clusterService } from '../../../src/cluster/wire/cluster-api.js';
import { OWN_WIRE, wireProblem } from '../../../src/cluster/wire/wire-version.js';

const peer: ServerPeer = {
  id: 'a',
  name: 's1',
  address: '10.0.0.1:8300',
  version: '1.21.4',
  datacenter: 'dc1',
  draining: true,
  tags: { etcd: 'https://10.0.0.1:2380' },
};
const facts: AgentFacts = {
  nodeName: 'web',
  nodeId: 'b',
  address: '10.0.0.2',
  port: 8301,
  datacenter: 'dc1',
  version: '1.21.4',
  taggedAddresses: { lan: '10.0.0.2' },
  nodeMeta: { rack: '1' },
  tags: { role: 'node' },
  reconnectTimeoutMs: 72 * 3_600_000,
};

describe('what agents and servers say to each other', () => {
  const { Join, Heartbeat, Introduce, Dns } = clusterService();

  it('arrives as it was sent', () => {
    const sent = { facts: { ...facts, ...OWN_WIRE } };
    expect(Heartbeat.requestDeserialize(Heartbeat.requestSerialize(sent))).toEqual(sent);
    const welcome = { welcome: { intervalMs: 2000, serverId: 'a', servers: [peer] } };
    expect(Heartbeat.responseDeserialize(Heartbeat.responseSerialize(welcome))).toEqual(welcome);
    const introduction = { self: peer, known: [peer], expect: 3, index: 2 ** 40, ...OWN_WIRE };
    expect(Introduce.requestDeserialize(Introduce.requestSerialize(introduction))).toEqual(introduction);
    const message = { message: Buffer.from([1, 2]), tcp: false, clientAddress: '::1', settings: '{}' };
    expect(Dns.requestDeserialize(Dns.requestSerialize(message))).toEqual(message);
    const joined = { certificatePem: 'c', authorityPem: 'a', clusterId: 'i', servers: [], keys: [] };
    expect(Join.responseDeserialize(Join.responseSerialize(joined))).toEqual(joined);
  });

  it('tells a sign of life from an empty message', () => {
    expect(Heartbeat.requestDeserialize(Heartbeat.requestSerialize({ beat: {} }))).toEqual({ beat: {} });
    expect(Heartbeat.requestDeserialize(Heartbeat.requestSerialize({}))).toEqual({});
  });
});

describe('members of other versions', () => {
  const own = { wire: 4, oldestWire: 3 };

  it.each([
    [
      'of before versions were told',
      {},
      'web speaks version 1 of the cluster’s protocol, this server 3 at least: upgrade web',
    ],
    ['too old', { wire: 2, oldestWire: 1 }, 'this server 3 at least: upgrade web'],
    [
      'too new',
      { wire: 7, oldestWire: 5 },
      'versions 5 to 7 of the cluster’s protocol, this server 4 at most: upgrade the servers first',
    ],
  ])('that are %s are told what to upgrade', (_name, other, sentence) => {
    expect(wireProblem('web', other, own)).toContain(sentence.replaceAll('’', "'"));
  });

  it('are understood while one version is known to both', () => {
    for (const other of [own, { wire: 3, oldestWire: 1 }, { wire: 9, oldestWire: 4 }])
      expect(wireProblem('web', other, own)).toBeUndefined();
    expect(wireProblem('web', {})).toBeUndefined();
  });
});
