// The direction rules between rooms (.dependency-cruiser.cjs), and that the tool really saw the modules:
// with the wrong TypeScript installed it cruises none and reports no violation.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, runQuiet } from '../lib/run.mjs';

const sourceCount = () =>
  readdirSync(join(root, 'src'), { recursive: true }).filter(
    (name) => name.endsWith('.ts') && !name.includes('generated') && !name.endsWith('.d.ts'),
  ).length;

/** Runs dependency-cruiser over `paths` and answers { seen, violations: [text] } or { error }. */
export async function cruise(paths, cwd = root) {
  const tool = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const { code, out, text } = await runQuiet(
    process.execPath,
    [tool, '--config', config, '--output-type', 'json', ...paths],
    { cwd },
  );
  let report;
  try {
    report = JSON.parse(out);
  } catch {
    return { error: `dependency-cruiser ended with ${code}: ${text.slice(0, 2000)}` };
  }
  const { modules, summary } = report;
  const seen = modules.filter((one) => paths.some((path) => one.source.startsWith(path))).length;
  const violations = summary.violations
    .filter((one) => one.rule.severity === 'error')
    .map((one) => {
      const way = one.cycle ? ` by way of ${one.cycle.map((step) => step.name ?? step).join(' > ')}` : '';
      return `${one.rule.name}: ${one.from} -> ${one.to}${way}`;
    });
  return { seen, violations };
}

/** Direction rules hold, and at least nine of ten source files (and more than 50) were seen. */
export async function layers() {
  const { seen, violations, error } = await cruise(['src']);
  if (error) return { ok: false, text: error };
  const all = sourceCount();
  if (seen <= 50 || seen < all * 0.9)
    return { ok: false, text: `dependency-cruiser saw only ${seen} of ${all} modules: is typescript 6 installed?` };
  return { ok: violations.length === 0, text: violations.join('\n'), note: `${seen} modules` };
}
