import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureApi, renderApi } from './api/index.js';
import { changeKinds, isChangeKind } from './change-kinds.js';
import { measureCompile, renderCompile } from './compile.js';
import { measureEtcd, renderEtcd } from './etcd.js';
import { type Measured, measure } from './measure.js';
import { startProduct } from './product.js';
import { measureStartUp } from './start-up.js';
import { startSynthetic } from './target.js';
import { renderTables } from './table.js';

/** What `npm run bench` runs; see scripts/bench.mjs for its options. */

const PARTS: readonly string[] = ['start-up', 'xds', 'api', 'compile', 'etcd'];
const BY_DEFAULT = 'start-up,xds,api';
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: BY_DEFAULT },
    full: { type: 'boolean', default: false },
    proxies: { type: 'string' },
    rounds: { type: 'string' },
    acks: { type: 'string' },
    parked: { type: 'string' },
    records: { type: 'string' },
    json: { type: 'string' },
    changes: { type: 'string', default: changeKinds.join(',') },
    synthetic: { type: 'boolean', default: false },
    'no-start-up': { type: 'boolean', default: false },
  },
});
const wanted = new Set(values.only.split(','));
for (const part of wanted)
  if (!PARTS.includes(part)) {
    process.stderr.write(`there is no part "${part}"; there are ${PARTS.join(', ')}\n`);
    process.exit(1);
  }
const { full } = values;

const startUp =
  wanted.has('start-up') && !values['no-start-up'] && !values.synthetic ? await measureStartUp() : undefined;
const results = wanted.has('xds') ? await measureXds() : [];
const api =
  wanted.has('api') && !values.synthetic
    ? await measureApi({
        rounds: { count: Number(values.rounds ?? (full ? 8 : 4)), durationMs: full ? 1_000 : 400 },
        parkedQueries: Number(values.parked ?? (full ? 20_000 : 5_000)),
        restartRecords: Number(values.records ?? (full ? 200_000 : 50_000)),
        onProgress: (text) => process.stderr.write(`[api] ${text}\n`),
      })
    : undefined;

const compiled = wanted.has('compile') ? renderCompile(await measureCompile()) : undefined;

const etcd = wanted.has('etcd')
  ? renderEtcd(await measureEtcd(Number(values.records ?? (full ? 200_000 : 50_000))))
  : undefined;

const parts = [
  `${cpus()[0]?.model ?? ''} x ${cpus().length}, Node ${process.version}`,
  ...(results.length > 0 || startUp ? [renderTables(results, startUp)] : []),
  ...(etcd === undefined ? [] : [etcd]),
  ...(compiled === undefined ? [] : [compiled]),
  ...(api ? [renderApi(api)] : []),
];
process.stdout.write(`${parts.join('\n\n')}\n`);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ startUp, results, api }, null, 2)}\n`);
process.exit(0);

async function measureXds(): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const proxies of (values.proxies ?? (full ? '200,1000,5000' : '1000')).split(',').map(Number)) {
    for (const acks of (values.acks ?? (full ? 'short,long' : 'short')).split(',')) {
      measured.push(
        await measure({
          proxies,
          repeatNode: acks === 'long',
          rounds: Number(values.rounds ?? (full ? 15 : 8)),
          kinds: values.changes.split(',').filter(isChangeKind),
          start: values.synthetic ? startSynthetic : startProduct,
          onProgress: (text) => process.stderr.write(`[${proxies} proxies, ${acks} ACKs] ${text}\n`),
        }),
      );
    }
  }
  return measured;
}
