/**
 * Traffic for tests that must not fail: a client without retries over kept and new connections, and TCP connections that talk
 * all the time. In: a port. Out: counts of answers and of everything that went wrong. It must never repeat a request.
 */
export { type HttpLoad, type HttpLoadOptions, type LoadReport, startHttpLoad } from './http-load.js';
export { type OpenStream, openStream } from './open-stream.js';
export { measureShares } from './shares.js';
export { TcpConnection } from './tcp-connection.js';
