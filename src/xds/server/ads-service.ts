import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { StreamHost } from './stream-host.js';
import { AdsStream } from './stream.js';

const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const raw = (bytes: Buffer): Buffer => bytes;

const method = (name: string) => ({
  path: `${SERVICE}/${name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
});

/** The aggregated discovery service with messages as raw bytes: requests are scanned, responses are ready-made. */
export const adsService: ServiceDefinition = {
  DeltaAggregatedResources: method('DeltaAggregatedResources'),
  StreamAggregatedResources: method('StreamAggregatedResources'),
};

/** Both protocols go through the same stream, so that no check can be had in one and not in the other. */
export function adsHandlers(host: StreamHost, encrypted: boolean): UntypedServiceImplementation {
  return {
    DeltaAggregatedResources: (call: ConstructorParameters<typeof AdsStream>[1]) => {
      new AdsStream(host, call, 'delta', encrypted);
    },
    StreamAggregatedResources: (call: ConstructorParameters<typeof AdsStream>[1]) => {
      new AdsStream(host, call, 'state-of-the-world', encrypted);
    },
  };
}
