import { describe, expect, it } from 'vitest';
import { foldedName, wireName } from '../../../src/model/wire/index.js';

describe('names on the wire', () => {
  it.each([
    ['externalSni', 'ExternalSNI'],
    ['checkId', 'CheckID'],
    ['tlsMinVersion', 'TLSMinVersion'],
    ['mutualTlsMode', 'MutualTLSMode'],
    ['envoyClusterJson', 'EnvoyClusterJSON'],
    ['enforcingConsecutive5xx', 'EnforcingConsecutive5xx'],
    ['sanitizeXForwardedClientCert', 'SanitizeXForwardedClientCert'],
    ['autoVirtualIps', 'AutoVirtualIPs'],
    ['sourceNs', 'SourceNS'],
    ['http', 'HTTP'],
    ['localBindSocketPath', 'LocalBindSocketPath'],
    ['destinationServiceId', 'DestinationServiceID'],
  ])('of %s is %s', (record, wire) => {
    expect(wireName(record)).toBe(wire);
  });

  it('compare without case and underscores', () => {
    expect(foldedName('Envoy_Listener_JSON')).toBe(foldedName('envoyListenerJson'));
    expect(foldedName('a-b')).not.toBe(foldedName('ab'));
  });
});
