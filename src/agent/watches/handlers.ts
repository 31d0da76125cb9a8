import { Agent, request } from 'undici';
import type { Clock } from '../../core/index.js';
import type { Seen } from '../../watches/index.js';
import { runProcess } from '../checks/run-process.js';
import type { WatchHandler } from '../config/index.js';

/** How a handler ended. */
export interface HandlerOutcome {
  /** Why it failed; empty when it did not. */
  readonly problem: string;
  /** The end of what it said. */
  readonly output: string;
}

const OUTPUT_LIMIT_BYTES = 4_096;

interface HandlerOptions {
  readonly clock: Clock;
  /** What is watched says by a hash, not by an index, whether it is new. */
  readonly byHash: boolean;
  readonly signal: AbortSignal;
}

/** Tells a handler what was seen. Never throws; ends at the latest when the signal aborts. */
export function runHandler(handler: WatchHandler, seen: Seen, options: HandlerOptions): Promise<HandlerOutcome> {
  return handler.kind === 'script' ? runScript(handler.command, seen, options) : call(handler, seen, options);
}

async function runScript(
  command: readonly string[],
  { json, index }: Seen,
  { clock, byHash, signal }: HandlerOptions,
): Promise<HandlerOutcome> {
  const { exitCode, output, problem } = await runProcess(command, {
    clock,
    outputLimit: OUTPUT_LIMIT_BYTES,
    signal,
    input: `${json}\n`,
    env: { ...process.env, [byHash ? 'CONSUL_HASH' : 'CONSUL_INDEX']: index },
  });
  if (exitCode === undefined) return { problem, output };
  return { problem: exitCode === 0 ? '' : `exit status ${exitCode}`, output };
}

async function call(
  handler: Extract<WatchHandler, { kind: 'http' }>,
  { json, index }: Seen,
  { clock, signal }: HandlerOptions,
): Promise<HandlerOutcome> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: !handler.tlsSkipVerify } });
  const late = new AbortController();
  const abort = (): void => late.abort();
  const cancel = clock.after(handler.timeoutMs, abort);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const headers: Record<string, string | string[]> = {
      'content-type': 'application/json',
      'x-consul-index': index,
    };
    for (const [name, values] of Object.entries(handler.header))
      headers[name.toLowerCase()] = values.length === 1 ? (values[0] ?? '') : [...values];
    const { statusCode, body } = await request(handler.url, {
      method: handler.method,
      headers,
      body: json,
      dispatcher,
      signal: late.signal,
    });
    const output = await firstText(body);
    const failed = statusCode < 200 || statusCode > 299;
    return { problem: failed ? `${handler.method} ${handler.url} answered ${statusCode}` : '', output };
  } catch (thrown) {
    const reason = late.signal.aborted
      ? 'no answer in time'
      : thrown instanceof Error
        ? thrown.message
        : String(thrown);
    return { problem: `${handler.method} ${handler.url}: ${reason}`, output: '' };
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
    void dispatcher.destroy();
  }
}

async function firstText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= OUTPUT_LIMIT_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, OUTPUT_LIMIT_BYTES).toString('utf8');
}
