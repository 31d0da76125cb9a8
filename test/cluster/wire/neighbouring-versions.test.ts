import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { clusterService } from '../../../src/cluster/wire/cluster-api.js';

const PROTO = fileURLToPath(new URL('../../../proto/cluster/cluster.proto', import.meta.url));

/** Every field there ever was. Lines are only ever added: agents of neighbouring versions talk to each other during an upgrade. */
const EVER = `
AgentFacts.address = 3 string
AgentFacts.datacenter = 5 string
AgentFacts.nodeId = 2 string
AgentFacts.nodeMeta = 8 map string
AgentFacts.nodeName = 1 string
AgentFacts.oldestWire = 12 uint32
AgentFacts.port = 4 uint32
AgentFacts.reconnectTimeoutMs = 10 uint64
AgentFacts.taggedAddresses = 7 map string
AgentFacts.tags = 9 map string
AgentFacts.version = 6 string
AgentFacts.wire = 11 uint32
AgentMessage.beat = 2 Beat
AgentMessage.facts = 1 AgentFacts
AgentMessage.keys = 5 KnownKeys
AgentMessage.leave = 4 Leave
AgentMessage.renew = 3 RenewRequest
Answer.body = 1 bytes
DnsMessage.clientAddress = 3 string
DnsMessage.message = 1 bytes
DnsMessage.settings = 4 string
DnsMessage.tcp = 2 bool
Introduction.expect = 3 uint32
Introduction.index = 4 uint64
Introduction.known = 2 repeated Server
Introduction.oldestWire = 6 uint32
Introduction.self = 1 Server
Introduction.wire = 5 uint32
JoinRequest.datacenter = 2 string
JoinRequest.joinSecret = 1 bytes
JoinRequest.nodeId = 4 string
JoinRequest.nodeName = 3 string
JoinRequest.oldestWire = 9 uint32
JoinRequest.proof = 6 bytes
JoinRequest.publicKey = 5 bytes
JoinRequest.version = 7 string
JoinRequest.wire = 8 uint32
JoinResponse.authorityPem = 2 string
JoinResponse.certificatePem = 1 string
JoinResponse.clusterId = 3 string
JoinResponse.keys = 5 repeated TrustedKey
JoinResponse.servers = 4 repeated Server
KnownKeys.authorities = 1 repeated bytes
KnownKeys.inUse = 2 bytes
Place.adjustment = 3 double
Place.error = 2 double
Place.height = 4 double
Place.vec = 1 repeated double
Question.body = 2 bytes
Question.name = 1 string
RenewRequest.proof = 2 bytes
RenewRequest.publicKey = 1 bytes
Renewed.authorityPem = 2 string
Renewed.certificatePem = 1 string
Server.address = 3 string
Server.datacenter = 5 string
Server.draining = 6 bool
Server.id = 1 string
Server.name = 2 string
Server.tags = 7 map string
Server.version = 4 string
ServerList.servers = 1 repeated Server
ServerMessage.beat = 5 Beat
ServerMessage.farewell = 4 Farewell
ServerMessage.keys = 6 TrustedKeys
ServerMessage.renewed = 3 Renewed
ServerMessage.servers = 2 ServerList
ServerMessage.state = 7 StateEpoch
ServerMessage.welcome = 1 Welcome
StateEpoch.epoch = 1 string
TrustedKey.authorityPem = 1 string
TrustedKey.joinSecret = 2 bytes
TrustedKeys.keys = 1 repeated TrustedKey
Welcome.intervalMs = 1 uint32
Welcome.serverId = 2 string
Welcome.servers = 3 repeated Server`;

const known = protobuf.loadSync(PROTO).lookup('meshwright.cluster.v1') as protobuf.Namespace;
const fieldsOf = ({ name, fields }: protobuf.Type): string[] =>
  Object.values(fields).map((field) => {
    const kind = field.map ? 'map ' : field.repeated ? 'repeated ' : '';
    return `${name}.${field.name} = ${field.id} ${kind}${field.type}`;
  });

describe('agents and servers of neighbouring versions', () => {
  const { Heartbeat } = clusterService();

  it('mean the same by every field that there ever was', () => {
    const now = known.nestedArray.flatMap((one) => (one instanceof protobuf.Type ? fieldsOf(one) : []));
    expect(now).toEqual(expect.arrayContaining(EVER.trim().split('\n')));
  });

  it('read what they know of a message that says more, and take what an older one does not say as not given', () => {
    const newer = protobuf.Root.fromJSON(known.root.toJSON());
    newer.lookupType('meshwright.cluster.v1.AgentFacts').add(new protobuf.Field('colour', 4000, 'string'));
    const message = newer.lookupType('meshwright.cluster.v1.AgentMessage');
    const facts = { nodeName: 'web', colour: 'blue' };
    const sent = Buffer.from(message.encode(message.fromObject({ facts })).finish());
    expect(sent.includes('blue')).toBe(true);
    const { facts: read } = Heartbeat.requestDeserialize(sent);
    expect(read).toMatchObject({ nodeName: 'web', nodeId: '', port: 0, tags: {} });
    expect(read).not.toHaveProperty('colour');
  });

  it('take a message of a kind that is not known for a sign of life', () => {
    const newer = protobuf.Root.fromJSON(known.root.toJSON());
    const message = newer.lookupType('meshwright.cluster.v1.ServerMessage');
    message.add(new protobuf.Field('weather', 4000, 'string'));
    const sent = Buffer.from(message.encode(message.fromObject({ weather: 'fair' })).finish());
    expect(Heartbeat.responseDeserialize(sent)).toEqual({});
  });
});
