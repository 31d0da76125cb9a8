import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { AppError } from '../../core/index.js';
import { toGrpcStatus } from './grpc-status.js';
import type { StreamHost } from './stream-host.js';
import type { StreamOrigin } from './stream-origin.js';
import { AdsStream, type Protocol } from './stream.js';

type Call = ConstructorParameters<typeof AdsStream>[1];

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
export function adsHandlers(host: StreamHost, originOf: (call: Call) => StreamOrigin): UntypedServiceImplementation {
  const open = (protocol: Protocol) => (call: Call) => {
    try {
      new AdsStream(host, call, protocol, originOf(call));
    } catch (thrown) {
      call.on('error', () => undefined);
      call.emit('error', toGrpcStatus(AppError.from(thrown)));
    }
  };
  return { DeltaAggregatedResources: open('delta'), StreamAggregatedResources: open('state-of-the-world') };
}
