import { type Client, type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Observable, Subject } from 'rxjs';
import type { AdsOptions, AdsRelay, ServerPeer } from '../contract.js';
import { errorOfCall } from '../wire/status.js';

const METHODS = { delta: 'DeltaAggregatedResources', 'state-of-the-world': 'StreamAggregatedResources' } as const;
const raw = (bytes: Buffer): Buffer => bytes;

/** Opens a stream of Envoy's aggregated discovery service at a server. Messages are never looked at. */
export function openAdsRelay(
  client: Client,
  server: ServerPeer,
  { protocol, metadata }: AdsOptions,
  draining$: Observable<void>,
): AdsRelay {
  const headers = new Metadata();
  for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
  const path = `/envoy.service.discovery.v3.AggregatedDiscoveryService/${METHODS[protocol]}`;
  const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(path, raw, raw, headers);
  const messages$ = new Subject<Buffer>();
  const early: Buffer[] = [];
  let isRead = false;
  call.on('data', (message: Buffer) => (isRead ? messages$.next(message) : early.push(message)));
  call.on('error', (error: ServiceError) => messages$.error(errorOfCall(error, server.address)));
  call.on('status', ({ code }) => {
    if (code === status.OK) messages$.complete();
  });
  return {
    server,
    draining$,
    // What came before anybody listened is not lost.
    messages$: new Observable<Buffer>((subscriber) => {
      isRead = true;
      for (const message of early.splice(0)) subscriber.next(message);
      return messages$.subscribe(subscriber);
    }),
    send: (message) => void call.write(Buffer.from(message)),
    end: () => call.cancel(),
  };
}
