import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { measureApi, renderApi } from './api/index.js';
import { measureEtcd, renderEtcd } from './etcd/index.js';
import { type Measured, measure } from './measure.js';
import { type BenchOptions, HELP, readOptions } from './options.js';
import { startProduct } from './product.js';
import { measureStartUp } from './start-up.js';
import { startSynthetic } from './target.js';
import { renderTables } from './table.js';

/** What `npm run bench` runs; its options are in options.ts. */

const options = readOptions(process.argv.slice(2));
if (options === 'help') {
  process.stdout.write(HELP);
  process.exit(0);
}
if ('problem' in options) {
  process.stderr.write(`${options.problem}. See npm run bench -- --help\n`);
  process.exit(1);
}
const { parts: wanted, full, synthetic } = options;

const startUp = wanted.has('start-up') && options.startUp ? await measureStartUp() : undefined;
const results = wanted.has('xds') ? await measureXds(options) : [];
const api =
  wanted.has('api') && !synthetic
    ? await measureApi({
        rounds: { count: options.rounds ?? (full ? 8 : 4), durationMs: full ? 1_000 : 400 },
        requests: options.requests,
        parkedQueries: options.parked ?? (full ? 20_000 : 5_000),
        restartRecords: options.records ?? (full ? 200_000 : 50_000),
        onProgress: (text) => process.stderr.write(`[api] ${text}\n`),
      })
    : undefined;

const compiled = wanted.has('compile') ? await compiling() : undefined;

const etcd = wanted.has('etcd')
  ? await measureEtcd(options.records ?? (full ? 200_000 : 50_000), options.etcd, (text) =>
      process.stderr.write(`[etcd] ${text}\n`),
    )
  : undefined;

const parts = [
  `${cpus()[0]?.model ?? ''} x ${cpus().length}, Node ${process.version}`,
  ...(results.length > 0 || startUp ? [renderTables(results, startUp)] : []),
  ...(wanted.has('etcd') ? [renderEtcd(etcd)] : []),
  ...(compiled === undefined ? [] : [compiled]),
  ...(api ? [renderApi(api)] : []),
];
process.stdout.write(`${parts.join('\n\n')}\n`);
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify({ startUp, results, api, etcd }, null, 2)}\n`);
process.exit(0);

/** Loaded when it is wanted: it needs what was built. */
async function compiling(): Promise<string> {
  const { measureCompile, renderCompile } = await import('./compile.js');
  return renderCompile(await measureCompile());
}

async function measureXds({ proxies, acks, rounds, changes, synthetic: alone }: BenchOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const count of proxies)
    for (const ack of acks)
      measured.push(
        await measure({
          proxies: count,
          repeatNode: ack === 'long',
          rounds: rounds ?? (full ? 15 : 8),
          kinds: changes,
          start: alone ? startSynthetic : (ids) => startProduct(ids),
          onProgress: (text) => process.stderr.write(`[${count} proxies, ${ack} ACKs] ${text}\n`),
        }),
      );
  return measured;
}
