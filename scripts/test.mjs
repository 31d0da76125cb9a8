// npm test [-- --project unit,integration,e2e] [-- vitest arguments]
// Runs vitest (its projects one after the other) and ends with one line that counts everything.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closingLines, readReport } from './lib/report.mjs';
import { root, runVisible } from './lib/run.mjs';

/** Names that are given -> projects of vitest.config.ts. */
const projectsOf = { unit: ['unit'], integration: ['integration'], e2e: ['e2e', 'e2e-alone'] };
const results = join(root, 'test-results');
const reportFile = join(results, 'report.json');

function parseArguments(argv) {
  const projects = [];
  const passed = [];
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--project') projects.push(...(argv[++i] ?? '').split(','));
    else if (argv[i].startsWith('--project=')) projects.push(...argv[i].slice('--project='.length).split(','));
    else passed.push(argv[i]);
  }
  const unknown = projects.filter((name) => !Object.hasOwn(projectsOf, name));
  if (unknown.length)
    throw new Error(`no test project is called ${unknown.join(', ')}: use ${Object.keys(projectsOf).join(', ')}.`);
  return [...projects.flatMap((name) => projectsOf[name].flatMap((one) => ['--project', one])), ...passed];
}

async function runVitest(args) {
  mkdirSync(results, { recursive: true });
  for (const file of ['report.json', 'last-line']) rmSync(join(results, file), { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const code = await runVisible(process.execPath, [vitest, 'run', ...reporters, ...args]);
  const counts = existsSync(reportFile)
    ? readReport(reportFile)
    : {
        passed: 0,
        failed: 1,
        skipped: 0,
        failures: [`vitest ended with ${code} and left no report`],
        reasons: new Map(),
      };
  // An error outside of any test (an unhandled rejection) fails vitest but stands in no test's result.
  if (code !== 0 && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push(`vitest ended with ${code} although no test failed; its message is above`);
  }
  return counts;
}

try {
  const started = Date.now();
  const counts = await runVitest(parseArguments(process.argv.slice(2)));
  const lines = closingLines(counts);
  console.log(`${Math.round((Date.now() - started) / 1000)} s`);
  console.log(lines.join('\n'));
  writeFileSync(join(results, 'last-line'), `${lines.at(-1)}\n`);
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
} catch (error) {
  console.error(`npm test: ${error.message}`);
  process.exitCode = 2;
}
