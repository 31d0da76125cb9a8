import type { Http2Server, Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Server, ServerDuplexStream } from '@grpc/grpc-js';

/**
 * The only file that reaches below grpc-js's public interface, each time behind a feature test with a fall-back: its server
 * copies every message per stream, in and out, waits for one write before the next, and cannot raise the receive windows.
 */

/** The HTTP/2 stream under a call, or undefined when this grpc-js is built differently. */
export function http2StreamOf(call: ServerDuplexStream<Buffer, Buffer>): ServerHttp2Stream | undefined {
  const inner = (call as unknown as { call?: { stream?: unknown } }).call?.stream;
  return isHttp2Stream(inner) ? inner : undefined;
}

/**
 * Takes the incoming bytes of a call over from grpc-js: its reader puts every message together before anybody can see that most of
 * it, the repeated node, is of no interest. Undefined, and nothing changed, when the client compresses or grpc-js is built
 * differently; then the call's own `data` events are to be used.
 */
export function takeOverInput(call: ServerDuplexStream<Buffer, Buffer>): ServerHttp2Stream | undefined {
  const stream = http2StreamOf(call);
  const inner = (call as unknown as { call?: { incomingEncoding?: unknown } }).call;
  const [reader, ...others] = stream?.listeners('data') ?? [];
  if (!stream || !reader || others.length > 0 || inner?.incomingEncoding !== 'identity') return undefined;
  stream.off('data', reader as (chunk: Buffer) => void);
  return stream;
}

function isHttp2Stream(candidate: unknown): candidate is ServerHttp2Stream {
  if (typeof candidate !== 'object' || candidate === null) return false;
  const stream = candidate as Partial<ServerHttp2Stream>;
  return typeof stream.write === 'function' && typeof stream.respond === 'function' && 'headersSent' in stream;
}

/**
 * Raises the receive windows of all later connections. An Envoy whose bootstrap was made for Consul repeats its node, about
 * 60 kB, in every ACK: with the default 64 kB window each ACK would wait for the one before (performance-limits 3.11).
 */
export function raiseReceiveWindows(server: Server, windowBytes: number, maxConcurrentStreams = 100): void {
  const servers = (server as unknown as { http2Servers?: Map<Http2Server, unknown> }).http2Servers;
  if (!(servers instanceof Map)) return;
  for (const http2Server of servers.keys()) {
    if (typeof http2Server.updateSettings !== 'function') continue;
    http2Server.updateSettings({ initialWindowSize: windowBytes, maxConcurrentStreams });
    http2Server.on('session', (session: Http2Session) => {
      if (!session.destroyed) session.setLocalWindowSize(windowBytes);
    });
  }
}
