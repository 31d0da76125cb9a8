import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Measured, measure } from './measure.js';
import { startSynthetic } from './target.js';
import { renderTables } from './table.js';

const { values } = parseArgs({
  options: {
    proxies: { type: 'string', default: '200,1000,5000' },
    rounds: { type: 'string', default: '15' },
    acks: { type: 'string', default: 'short,long' },
    json: { type: 'string' },
    synthetic: { type: 'boolean', default: false },
  },
});

const results: Measured[] = [];
for (const proxies of values.proxies.split(',').map(Number)) {
  for (const acks of values.acks.split(',')) {
    const result = await measure({
      proxies,
      repeatNode: acks === 'long',
      rounds: Number(values.rounds),
      start: startSynthetic,
      onProgress: (text) => process.stderr.write(`[${proxies} proxies, ${acks} ACKs] ${text}\n`),
    });
    results.push(result);
  }
}
process.stdout.write(`${renderTables(results)}\n`);
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exit(0);
