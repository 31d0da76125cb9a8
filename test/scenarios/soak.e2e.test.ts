import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { hasNetworkNamespaces, notRun } from '../support/not-run.js';

const script = fileURLToPath(new URL('../../scripts/soak.mjs', import.meta.url));
/** On a machine that does other things beside: `npm run soak` asks for 5. */
const RECOVERY_SECONDS = 15;
const faults = ['cut-cable', 'kill-server', 'pause-member', 'lose-history', 'jump-clock', 'cut-agent', 'kill-all'];

const soak = (words: readonly string[]): Promise<{ status: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...words], (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });

test('three servers over three etcd members, and client agents, keep every promise while the world is unkind', async (context) => {
  if (!hasNetworkNamespaces()) notRun(context, 'there are no network namespaces here');
  const words = ['--seconds', '0', '--agents', '3', '--recovery-seconds', String(RECOVERY_SECONDS)];
  const { status, stdout, stderr } = await soak([...words, '--faults', faults.join(',')]);
  expect(status, `${stdout}${stderr}`).toBe(0);
  expect(stdout.match(/calls make sense/g)).toHaveLength(faults.length);
  expect(stdout).toMatch(/every promise was kept/);
}, 480_000);

test.each([
  ['--bogus', /Unknown option '--bogus'/],
  ['--faults=flood', /no fault is called "flood"; there are kill-server, /],
])('the soak refuses %s with one sentence', async (word, sentence) => {
  const { status, stdout, stderr } = await soak([word]);
  expect(status).toBe(2);
  expect(stderr).toMatch(sentence);
  expect(`${stdout}${stderr}`).not.toMatch(/^ {4}at /m);
});
