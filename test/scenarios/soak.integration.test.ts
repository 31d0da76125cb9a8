import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hasNetworkNamespaces, notRun } from '../support/not-run.js';

const script = fileURLToPath(new URL('../../scripts/soak.mjs', import.meta.url));
/** On a machine that does other things beside: `npm run soak` asks for 5. */
const RECOVERY_SECONDS = 15;
const faults = ['cut-cable', 'kill-server', 'pause-member', 'lose-history', 'jump-clock', 'cut-agent', 'kill-all'];

test('three servers over three etcd members, and client agents, keep every promise while the world is unkind', async (context) => {
  if (!hasNetworkNamespaces()) notRun(context, 'there are no network namespaces here');
  const words = ['--seconds', '0', '--agents', '3', '--recovery-seconds', String(RECOVERY_SECONDS)];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...words, '--faults', faults.join(',')]);
  expect(stdout.match(/calls make sense/g)).toHaveLength(faults.length);
  expect(stdout).toMatch(/every promise was kept/);
}, 240_000);
