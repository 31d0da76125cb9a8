import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { debianTools } from '../support/debian/debian-tools.js';
import { type RedirectTool, whyNoRedirection } from '../support/debian/redirect-tools.js';
import { envoyBinary, NEWEST_ENVOY, OLDEST_ENVOY } from '../support/envoy-rig/index.js';
import { notRun } from '../support/not-run.js';

interface Seen {
  /** Who answered, and as whom the caller was known there: empty without a certificate. */
  readonly status?: number;
  readonly who?: string;
  readonly caller?: string;
  readonly error?: string;
}

interface Played {
  readonly before: Seen;
  readonly said: readonly string[];
  readonly mesh: Seen;
  readonly mesh6: Seen;
  readonly anyPort: Seen;
  readonly database: { readonly text?: string };
  readonly fromOutside: Seen;
  readonly fromOutsideToProxy: Seen;
  readonly passedThrough: Seen;
  readonly passedThrough6: Seen;
  readonly refused6: Seen;
  readonly instanceNotDirect: Seen;
  readonly meshOnly: { readonly outside: Seen; readonly outside6: Seen; readonly api: Seen };
  readonly direct: { readonly instance: Seen; readonly api: Seen; readonly tls: Readonly<Record<string, number>> };
  readonly permissive: { readonly plain: Seen; readonly plainToProxy: Seen; readonly mesh: Seen };
  readonly permissiveAndDirect: { readonly plain: Seen; readonly mesh: Seen };
  readonly strictAgain: Seen;
  readonly besideDestinations: { readonly api: Seen; readonly database: { readonly text?: string } };
  readonly byHand: Seen;
  readonly denied: Seen;
}

/** Why the play cannot be given here; undefined when it can. It needs several users, which only root has. */
function missing(tool: RedirectTool): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can run a proxy as another user in a network namespace';
  for (const program of ['nsenter', 'setpriv', 'ip'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `${program} is not here`;
  if (spawnSync('unshare', ['-nm', 'sh', '-c', 'mount -t tmpfs none /run && ip netns add one']).status !== 0)
    return 'there are no network namespaces here';
  return whyNoRedirection(tool);
}

async function play(tool: RedirectTool, version: string): Promise<Played> {
  const script = fileURLToPath(new URL('support/play-transparent.mjs', import.meta.url));
  const env = { ...process.env, PATH: debianTools().path, TOOL: tool, ENVOY_BIN: await envoyBinary(version) };
  const { stdout } = await promisify(execFile)('unshare', ['-nm', '--kill-child', process.execPath, script], { env });
  return JSON.parse(stdout) as Played;
}

const byMesh = { status: 200, who: expect.stringMatching(/^api-[12]$/) as string, caller: 'web' };

// At the same time: each has a network of its own, and waits more than it works.
describe.concurrent.each([
  ['nft', NEWEST_ENVOY],
  ['iptables', OLDEST_ENVOY],
] as const)('transparent sidecars, redirected with %s, Envoy %s', (tool, version) => {
  test('an application calls virtual IPs with mutual TLS, and everything else as its mesh allows', async (context) => {
    const why = missing(tool);
    if (why !== undefined) notRun(context, why);
    const seen = await play(tool, version);
    // Without rules and sidecars anybody was let in.
    expect(seen.before).toEqual({ status: 200, who: 'api-1', caller: '' });
    expect(seen.said).toEqual(['Successfully applied traffic redirection rules\n']);
    // Virtual IPs, at any port, for HTTP and for what speaks first.
    expect(seen.mesh).toEqual(byMesh);
    expect(seen.mesh6).toEqual(byMesh);
    expect(seen.anyPort).toEqual(byMesh);
    expect(seen.database).toEqual({ text: 'db' });
    // Nobody comes around the sidecar: not at the application's port, not at the proxy's.
    expect(seen.fromOutside.error).toBeDefined();
    expect(seen.fromOutsideToProxy.error).toBeDefined();
    expect(seen.instanceNotDirect.error).toBeDefined();
    // Outside the mesh: passed through, or refused when only the mesh may be called.
    expect(seen.passedThrough).toEqual({ status: 200, who: 'outside', caller: '' });
    expect(seen.passedThrough6).toEqual(seen.passedThrough);
    expect(seen.refused6.error).toBeDefined();
    expect(seen.meshOnly.outside.error).toBeDefined();
    expect(seen.meshOnly.outside6.error).toBeDefined();
    expect(seen.meshOnly.api).toEqual(byMesh);
    // One instance, by its own address, with mutual TLS, and the virtual IP beside it.
    expect(seen.direct.instance).toEqual({ ...byMesh, who: 'api-2' });
    expect(seen.direct.api).toEqual(byMesh);
    expect(Object.values(seen.direct.tls)[0]).toBeGreaterThan(0);
    // Permissive: without a certificate at the application's port, at the proxy's never.
    expect(seen.permissive.plain).toEqual({ status: 200, who: 'api-2', caller: '' });
    expect(seen.permissive.plainToProxy.error).toBeDefined();
    expect(seen.permissive.mesh).toEqual(byMesh);
    expect(seen.permissiveAndDirect).toEqual({
      plain: { status: 200, who: 'api-2', caller: '' },
      mesh: { ...byMesh, who: 'api-2' },
    });
    expect(seen.strictAgain.error).toBeDefined();
    // A destination outside the mesh takes its port away from nobody, and makes nobody wait.
    expect(seen.besideDestinations).toEqual({ api: byMesh, database: { text: 'db' } });
    expect(seen.byHand).toEqual(byMesh);
    expect(seen.denied.error).toBeDefined();
  });
});
