// The program behind `npm run recordings`; started with tsx, because the xDS client of the tests is TypeScript.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { wrapperExecutable } from '../../scripts/lib/executable.mjs';
import { AgentHost, bundleAgent } from './agent-host.mjs';
import { REQUIRED, byFamily, failureLines, playAll, rateInScope, scenarios } from './index.mjs';

const usage = `npm run recordings -- [options] [scenario …]
  --kind http|xds        only one kind of recordings
  --family kv,change     only these families
  --scope in|waiting|all which scenarios (default: in; all when scenarios are named)
  --failures             show what is wrong with those that do not pass
  --json FILE            write all results
  --jobs N               agents at a time (default 2)
  --consul FILE          play against this executable instead of our build
  --processes            a process for each agent; without it, and with our build, many run in one, one after the other
  --sotw                 xDS: state of the world instead of delta
  --adsdump FILE         xDS: watch with the Go dumper (test/recordings/xds/adsdump) instead of our own client
  --envoy FILE           xDS: also ask a real Envoy whether it takes everything (starts in a network namespace of its own)
  --list                 only name the scenarios`;

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kind: { type: 'string' },
      family: { type: 'string' },
      scope: { type: 'string' },
      failures: { type: 'boolean' },
      json: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      consul: { type: 'string' },
      processes: { type: 'boolean' },
      sotw: { type: 'boolean' },
      adsdump: { type: 'string' },
      envoy: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  return { ...values, names: positionals };
}

function choose({ kind, family, scope, names }) {
  const families = family?.split(',');
  const wanted = scope ?? (names.length ? 'all' : 'in');
  return ['http', 'xds']
    .filter((one) => kind === undefined || kind === one)
    .flatMap(scenarios)
    .filter((item) => !families || families.includes(item.family))
    .filter((item) => names.length === 0 || names.includes(item.id))
    .filter((item) => wanted === 'all' || item.inScope === (wanted === 'in'));
}

const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : '-');

function printTable(results) {
  console.log('kind  family        in scope  passed            waiting  passed   score');
  for (const row of byFamily(results)) {
    const cells = [
      row.kind.padEnd(4),
      row.family.padEnd(12),
      String(row.inScope).padStart(9),
      String(row.inScopePassed).padStart(7),
      percent(row.inScopePassed, row.inScope).padStart(8),
      String(row.scenarios - row.inScope).padStart(15),
      String(row.passed - row.inScopePassed).padStart(7),
      row.score.toFixed(3).padStart(7),
    ];
    console.log(cells.join(' '));
  }
}

async function main() {
  const options = readArguments();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const items = choose(options);
  if (options.list) {
    for (const { kind, id, inScope, waitsFor } of items)
      console.log(`${kind} ${id}${inScope ? '' : `  waits for: ${waitsFor}`}`);
    return 0;
  }
  if (!items.length) throw new Error('no scenario matches; see --help.');
  const wrapper = options.consul ? undefined : wrapperExecutable();
  const { adsdump, envoy, sotw } = options;
  const agentFile = options.consul || options.processes ? undefined : await bundleAgent();
  let results;
  try {
    results = await playAll(options.consul ?? wrapper.path, items, {
      jobs: Number(options.jobs),
      adsdump,
      envoy,
      sotw,
      newHost: () => agentFile && new AgentHost(agentFile),
      onDone(result) {
        if (result.pass && items.length > 20) return;
        console.log(
          `${result.pass ? 'ok  ' : 'FAIL'} ${result.score.toFixed(3)} ${result.kind} ${result.id} (${result.ms} ms)`,
        );
        if (options.failures && !result.pass) for (const line of failureLines(result)) console.log(`     ${line}`);
      },
    });
  } finally {
    wrapper?.remove();
  }
  if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 1));
  printTable(results);
  let code = 0;
  for (const kind of ['http', 'xds']) {
    const mine = results.filter((result) => result.kind === kind && result.inScope);
    if (!mine.length) continue;
    const passed = mine.filter((result) => result.pass).length;
    const enough = rateInScope(results, kind) >= REQUIRED;
    if (!enough) code = 1;
    console.log(
      `${kind}: ${passed} of ${mine.length} in scope pass, ${percent(passed, mine.length)}${enough ? '' : ` (at least ${REQUIRED * 100} % must)`}`,
    );
  }
  return code;
}

// An agent must not outlive us: they are stopped when the process exits.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`npm run recordings: ${error.message}`);
  process.exitCode = 2;
}
