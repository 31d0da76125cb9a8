import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Measured, measure } from './measure.js';
import { startProduct } from './product.js';
import { measureStartUp } from './start-up.js';
import { startSynthetic } from './target.js';
import { renderTables } from './table.js';

/** What `npm run bench` runs; see scripts/bench.mjs for its options. */

const { values } = parseArgs({
  options: {
    proxies: { type: 'string', default: '200,1000,5000' },
    rounds: { type: 'string', default: '15' },
    acks: { type: 'string', default: 'short,long' },
    json: { type: 'string' },
    synthetic: { type: 'boolean', default: false },
    'no-start-up': { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});

if (values.only === 'compile') {
  const { measureCompile, renderCompile } = await import('./compile.js');
  process.stdout.write(`${renderCompile(await measureCompile())}\n`);
  process.exit(0);
}
const results: Measured[] = [];
const startUp = values['no-start-up'] || values.synthetic ? undefined : await measureStartUp();
for (const proxies of values.proxies.split(',').map(Number)) {
  for (const acks of values.acks.split(',')) {
    const result = await measure({
      proxies,
      repeatNode: acks === 'long',
      rounds: Number(values.rounds),
      start: values.synthetic ? startSynthetic : startProduct,
      onProgress: (text) => process.stderr.write(`[${proxies} proxies, ${acks} ACKs] ${text}\n`),
    });
    results.push(result);
  }
}
process.stdout.write(
  `${cpus()[0]?.model ?? ''} x ${cpus().length}, Node ${process.version}\n\n${renderTables(results, startUp)}\n`,
);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ startUp, results }, null, 2)}\n`);
process.exit(0);
