import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { envoyBinary, NEWEST_ENVOY } from '../../support/envoy-rig/index.js';
import { hasNetworkNamespaces, notRun } from '../../support/not-run.js';

/** Runs an example on loopback ports of its own, whatever else listens on this machine. */
async function play(example: string, ...args: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL(`../../../envoy/${example}/run.sh`, import.meta.url));
  const env = { ...process.env, NODE: process.execPath, ENVOY_BIN: await envoyBinary(NEWEST_ENVOY) };
  const inside = 'ip link set lo up && exec sh "$@"';
  const { stdout } = await promisify(execFile)(
    'unshare',
    ['-Urn', '--kill-child', 'sh', '-c', inside, 'sh', script, ...args],
    { env },
  );
  return stdout;
}

test('envoy/sidecars-by-hand runs as written', async (context) => {
  if (!hasNetworkNamespaces()) notRun(context, 'there are no network namespaces here');
  const said = await play('sidecars-by-hand', 'once');
  expect(said).toContain('through two Envoys: web <- api\n');
  expect(said).toContain('denied: 403\n');
  expect(said).toContain('allowed again: web <- api\n');
});

test('envoy/canary runs as written: shares follow the splitter, and no request fails', async (context) => {
  if (!hasNetworkNamespaces()) notRun(context, 'there are no network namespaces here');
  const said = await play('canary');
  const counts = said
    .split(/^(?:only the resolver|\d+ % for v2):\n/m)
    .slice(1)
    .map((part) => {
      const count = (version: string) => Number(new RegExp(`(\\d+) web <- api-${version}\\n`).exec(part)?.[1] ?? 0);
      return { v1: count('v1'), v2: count('v2') };
    });
  expect(counts.map(({ v1, v2 }) => v1 + v2)).toEqual([500, 500, 500, 500]);
  expect(counts[0]).toEqual({ v1: 500, v2: 0 });
  expect(counts[1]?.v2).toBeGreaterThan(15);
  expect(counts[1]?.v2).toBeLessThan(100);
  expect(Math.abs((counts[2]?.v2 ?? 0) - 250)).toBeLessThan(80);
  expect(counts[3]).toEqual({ v1: 0, v2: 500 });
});
