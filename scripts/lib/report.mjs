// Reads vitest's JSON report and sums it up.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './run.mjs';

/**
 * Counts of one report: { passed, failed, skipped, failures, reasons }. A file that failed without any test of its own
 * (it could not be loaded, or a hook failed) counts as one failure. The reason of a skipped test is its `meta.notRun`.
 */
export function readReport(file) {
  const sum = { passed: 0, failed: 0, skipped: 0, failures: [], reasons: new Map() };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  for (const result of report.testResults) {
    const where = relative(root, result.name);
    let failedHere = 0;
    for (const test of result.assertionResults) {
      if (test.status === 'passed') sum.passed++;
      else if (test.status === 'failed') {
        failedHere++;
        sum.failures.push(`${where}: ${test.fullName}`);
      } else {
        sum.skipped++;
        const reason = test.meta?.notRun ?? `no reason given (${where}: ${test.fullName})`;
        sum.reasons.set(reason, (sum.reasons.get(reason) ?? 0) + 1);
      }
    }
    if (result.status === 'failed' && failedHere === 0) {
      failedHere = 1;
      sum.failures.push(`${where}: ${result.message.split('\n')[0] || 'the file failed'}`);
    }
    sum.failed += failedHere;
  }
  return sum;
}

/** The closing lines of a run; the last is always `N passed, N failed`, with `, N skipped` when some tests could not run. */
export function closingLines({ passed, failed, skipped, failures, reasons }) {
  const lines = [];
  if (failures.length) lines.push('failed:', ...failures.map((text) => `  ${text}`));
  if (skipped)
    lines.push(`${skipped} not run: ${[...reasons].map(([reason, count]) => `${reason} (${count})`).join('; ')}`);
  lines.push(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  return lines;
}
