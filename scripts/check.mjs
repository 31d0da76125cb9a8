// npm run check [-- name,name]: all static checks, one line each. `-- --list` names them.
import { hygiene, sizes } from './checks/hygiene.mjs';
import { layers } from './checks/layers.mjs';
import { licences } from './checks/licences.mjs';
import { format, lint, types, unused } from './checks/tools.mjs';
import { isMain } from './lib/run.mjs';
import { prepare } from './prepare.mjs';

/** Every static check by name; each answers { ok, text, note? }. */
export const checks = { format, hygiene, licences, sizes, types, lint, layers, unused };

async function runOne(name) {
  const started = Date.now();
  const { ok, text, note } = await checks[name]();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(9)} ${seconds.padStart(5)} s${note ? `  ${note}` : ''}`);
  if (text) console.log(text.replace(/^/gm, '     '));
  return ok;
}

/** Runs the named checks, two at a time; resolves to whether all are content. */
async function runChecks(names) {
  const queue = [...names];
  const results = [];
  const worker = async () => {
    for (let name = queue.shift(); name; name = queue.shift()) results.push(await runOne(name));
  };
  await Promise.all([worker(), worker()]);
  return results.every(Boolean);
}

if (isMain(import.meta.url)) {
  const names = process.argv.slice(2).flatMap((argument) => argument.split(','));
  const unknown = names.filter((name) => name !== '--list' && !checks[name]);
  if (names.includes('--list')) console.log(Object.keys(checks).join('\n'));
  else if (unknown.length) {
    console.error(`npm run check: no check is called ${unknown.join(', ')}: use ${Object.keys(checks).join(', ')}.`);
    process.exitCode = 2;
  } else {
    try {
      // The compiler needs the generated Envoy types.
      await prepare();
      if (!(await runChecks(names.length ? names : Object.keys(checks)))) process.exitCode = 1;
    } catch (error) {
      console.error(`npm run check: ${error.message}`);
      process.exitCode = 2;
    }
  }
}
