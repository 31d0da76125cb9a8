import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { wrapperExecutable } from '../../scripts/lib/executable.mjs';
import { locateEnvoy } from '../../src/cli/envoy/index.js';
import { currentEtcd } from '../support/etcd/etcd-binary.js';
import { hasNetworkNamespaces, notRun } from '../support/not-run.js';

it('docker-compose.yml runs as written: web reaches api through the Envoys, no more once that is denied, and again without the first server', async (context) => {
  if (!hasNetworkNamespaces()) notRun(context, 'there are no network namespaces here');
  const etcd = currentEtcd() ?? notRun(context, 'there is no current etcd here, and no Go to build one');
  const envoy = await locateEnvoy({ env: process.env });
  const executable = wrapperExecutable();
  try {
    const script = fileURLToPath(new URL('./play-compose.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)('unshare', ['-Urnm', '--kill-child', process.execPath, script], {
      env: { ...process.env, MESHWRIGHT: executable.path, ENVOY_BIN: envoy.path, ETCD_BIN: etcd.path },
    });
    const result = JSON.parse(stdout) as { deniedAfterMs: number };
    expect(result).toMatchObject({
      answered: { status: 200, text: 'web <- api\n' },
      denied: { status: 403 },
      allowed: { status: 200 },
    });
    expect(result.deniedAfterMs).toBeLessThan(2000);
  } finally {
    executable.remove();
  }
});
