import type { ServerResponse } from 'node:http';

/** What the kernel takes without the client reading any of it is not waited for. */
const UNREAD_BYTES = 65_536;

/**
 * To be called when a whole answer was handed over: a client that reads nothing of it for `timeoutMs` is cut off, so that nobody
 * can make the server keep answers in memory. Clients that read slowly, but read, are left alone.
 */
export function endSlowReader(response: ServerResponse, timeoutMs: number): void {
  const { socket } = response;
  if (socket === null || response.writableFinished || socket.writableLength < UNREAD_BYTES) return;
  socket.setTimeout(timeoutMs, () => socket.destroy());
  response.once('finish', () => {
    // Node has set its own when the connection is idle now; with a request behind this one, that may wait.
    if (socket.timeout === timeoutMs) socket.setTimeout(0);
  });
}
