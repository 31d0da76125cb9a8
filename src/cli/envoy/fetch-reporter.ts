import type { CliIo } from '../io.js';
import type { FetchProgress } from './fetch-envoy.js';

const PLAIN_EVERY_MS = 5000;
const MEGABYTE = 1_000_000;

/** Shows on stderr how a fetch is going: one line that is redrawn on a terminal, now and then a line elsewhere. */
export function fetchReporter(io: CliIo): (progress: FetchProgress) => void {
  let nextPlainAtMs = 0;
  return ({ version, phase, bytes, elapsedMs }) => {
    const amount = `${(bytes / MEGABYTE).toFixed(0)} MB, ${(elapsedMs / 1000).toFixed(1)} s`;
    const text =
      phase === 'done' ? `Envoy ${version} is here (${amount})` : `Fetching Envoy ${version} (once): ${amount}`;
    if (io.interactive) io.err(`\r\u001b[K${text}${phase === 'done' ? '\n' : ''}`);
    else if (phase === 'done' || elapsedMs >= nextPlainAtMs) {
      io.err(`${text}\n`);
      nextPlainAtMs = elapsedMs + PLAIN_EVERY_MS;
    }
  };
}
