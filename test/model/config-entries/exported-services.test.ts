import { describe, expect, it } from 'vitest';
import { decodeConfigEntry, encodeConfigEntry } from '../../../src/model/index.js';

const body = (...services: readonly object[]) => ({ Kind: 'exported-services', Name: 'default', Services: services });
const web = (...consumers: readonly object[]) => body({ Name: 'web', Consumers: consumers });

describe('an exported-services entry', () => {
  it('is shown as it was written, with `peer_name` as another spelling of Peer', () => {
    const entry = decodeConfigEntry({
      Kind: 'exported-services',
      name: 'default',
      services: [{ name: 'web', consumers: [{ peer_name: 'east' }] }],
    });
    expect(encodeConfigEntry(entry)).toEqual(web({ Peer: 'east' }));
  });

  it('may export nothing', () => {
    expect(encodeConfigEntry(decodeConfigEntry(body()))).toEqual({ Kind: 'exported-services', Name: 'default' });
  });

  it.each([
    ['another name than default', { ...body(), Name: 'other' }, 'only "default" is supported'],
    ['a service without a name', body({ Consumers: [{ Peer: 'a' }] }), 'Services[0]: service name cannot be empty'],
    ['the control plane itself', body({ Name: 'consul', Consumers: [{ Peer: 'a' }] }), '"consul" cannot be exported'],
    [
      'part of a name as wildcard',
      body({ Name: 'we*', Consumers: [{ Peer: 'a' }] }),
      'cannot be used with partial values',
    ],
    ['another namespace', body({ Name: 'web', Namespace: 'x', Consumers: [{ Peer: 'a' }] }), 'Services[0].Namespace'],
    ['nobody to export to', web(), 'must have at least one consumer'],
    ['an empty consumer', web({}), 'Services[0].Consumers[0]: must define one of Peer, Partition, or SamenessGroup'],
    ['two consumers in one', web({ Peer: 'a', Partition: 'b' }), 'must define at most one of Peer'],
    ['everybody', web({ Peer: 'a' }, { Peer: '*' }), 'Services[0].Consumers[1]: exporting to all consumers (wildcard)'],
    ['a partition', web({ Partition: 'b' }), 'Services[0].Consumers[0].Partition'],
    ['a sameness group', web({ SamenessGroup: 'g' }), 'sameness groups are an enterprise-only feature'],
  ])('is refused with %s', (_what, given, problem) => {
    expect(() => decodeConfigEntry(given)).toThrow(problem);
  });
});
