import { request } from 'node:http';
import { STREAM_PATH } from '../envoy-rig/apps.js';

/** A response that never ends by itself. */
export interface OpenStream {
  /** Who answers, once somebody does. */
  readonly who: string;
  /** Pieces that came. */
  readonly ticks: number;
  /** When it ended, on the clock of `performance.now()`; undefined while it lives. */
  readonly endedAt: number | undefined;
  close(): void;
}

/** Asks an HTTP app for its stream over a connection of its own. */
export function openStream(port: number, host = '127.0.0.1'): OpenStream {
  let who = '';
  let ticks = 0;
  let endedAt: number | undefined;
  const end = () => (endedAt ??= performance.now());
  const asked = request({ host, port, path: STREAM_PATH, agent: false }, (response) => {
    who = String(response.headers['x-who'] ?? '');
    response.on('data', () => ticks++);
    response.on('error', end);
    response.on('close', end);
  });
  asked.on('error', end);
  asked.end();
  return {
    get who() {
      return who;
    },
    get ticks() {
      return ticks;
    },
    get endedAt() {
      return endedAt;
    },
    close: () => asked.destroy(),
  };
}
