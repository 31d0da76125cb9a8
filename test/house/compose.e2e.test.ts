import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { wrapperExecutable } from '../../scripts/lib/executable.mjs';
import { locateEnvoy } from '../../src/cli/envoy/index.js';
import { hasNetworkNamespaces, notRun } from '../support/not-run.js';

it('docker-compose.yml runs as written: web reaches api through the Envoys, and no more once that is denied', async (context) => {
  if (!hasNetworkNamespaces()) notRun(context, 'there are no network namespaces here');
  const envoy = await locateEnvoy({ env: process.env });
  const executable = wrapperExecutable();
  try {
    const script = fileURLToPath(new URL('./play-compose.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)('unshare', ['-Urnm', '--kill-child', process.execPath, script], {
      env: { ...process.env, MESHWRIGHT: executable.path, ENVOY_BIN: envoy.path },
    });
    const result = JSON.parse(stdout) as { deniedAfterMs: number };
    expect(result).toMatchObject({ answered: { status: 200, text: 'web <- api\n' }, denied: { status: 403 } });
    expect(result.deniedAfterMs).toBeLessThan(2000);
  } finally {
    executable.remove();
  }
});
