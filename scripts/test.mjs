// npm test [-- --project unit,integration,e2e] [-- vitest arguments]
// Runs vitest one project after the other (real Envoys and timing must not share the machine with unit tests)
// and ends with one line that counts everything.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addReports, closingLines, readReport } from './lib/report.mjs';
import { root, runVisible } from './lib/run.mjs';

const known = ['unit', 'integration', 'e2e'];

function parseArguments(argv) {
  const projects = [];
  const passed = [];
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--project') projects.push(...(argv[++i] ?? '').split(','));
    else if (argv[i].startsWith('--project=')) projects.push(...argv[i].slice('--project='.length).split(','));
    else passed.push(argv[i]);
  }
  const unknown = projects.filter((name) => !known.includes(name));
  if (unknown.length) throw new Error(`no test project is called ${unknown.join(', ')}: use ${known.join(', ')}.`);
  return { projects: projects.length ? known.filter((name) => projects.includes(name)) : known, passed };
}

async function runProject(project, passed) {
  const reportFile = join(root, 'test-results', `${project}.json`);
  mkdirSync(join(root, 'test-results'), { recursive: true });
  rmSync(reportFile, { force: true });
  const started = Date.now();
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${reportFile}`, '--passWithNoTests'];
  const code = await runVisible(process.execPath, [vitest, 'run', '--project', project, ...reporters, ...passed]);
  console.log(`${project}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
  if (!existsSync(reportFile))
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: [`${project}: vitest ended with ${code} and left no report`],
      reasons: new Map(),
    };
  const counts = readReport(reportFile);
  // An error outside of any test (an unhandled rejection) fails vitest but stands in no test's result.
  if (code !== 0 && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push(`${project}: vitest ended with ${code} although no test failed; its message is above`);
  }
  return counts;
}

try {
  const { projects, passed } = parseArguments(process.argv.slice(2));
  const counts = [];
  for (const project of projects) counts.push(await runProject(project, passed));
  const sum = addReports(counts);
  if (sum.passed + sum.failed === 0) sum.failures.push('no test ran at all');
  const lines = closingLines(sum);
  console.log(lines.join('\n'));
  writeFileSync(join(root, 'test-results', 'last-line'), `${lines.at(-1)}\n`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
} catch (error) {
  console.error(`npm test: ${error.message}`);
  process.exitCode = 2;
}
