import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/agent/config/index.js';
import { hostNodeId } from '../../src/server/node-identity.js';
import { startClientAgent } from '../../src/server/start-client-agent.js';
import { createLogging } from '../../src/telemetry/index.js';
import { selfSigned } from '../agent/checks/support/certificate.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A client agent in this process whose servers are away, with its HTTP. */
async function clientAgent(folder: string, hcl: string) {
  const { config } = loadAgentConfig(
    ['-data-dir', join(folder, 'data'), '-node', 'c1', '-bind', '127.0.0.1', '-retry-join', '127.0.0.1:1', '-hcl', hcl],
    'host',
  );
  const agent = await startClientAgent(config, createLogging({ level: 'error', json: false, targets: [] }), {
    reload: () => Promise.resolve(),
    leave: () => Promise.resolve(),
  });
  closers.push(() => agent.stop());
  return async <Answer>(path: string): Promise<Answer> => {
    const answer = await fetch(`http://127.0.0.1:${agent.ports.http}${path}`);
    return (await answer.json()) as Answer;
  };
}

describe('a client agent', () => {
  it('shows its certificate at checks with enable_agent_tls_for_checks, and has the id of its host without disable_host_node_id', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'client-options-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const { cert, key } = await selfSigned('mesh.example');
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
    const shown: (string | undefined)[] = [];
    const target = createServer(
      { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true },
      (_request, answer) => answer.end('hello'),
    );
    target.on('secureConnection', (socket: TLSSocket) => shown.push(String(socket.getPeerCertificate().subject.CN)));
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    closers.push(() => void target.close());
    const { port } = target.address() as AddressInfo;
    const get = await clientAgent(
      folder,
      `ports { http = 0 dns = -1 grpc = -1 }
      disable_host_node_id = false
      enable_agent_tls_for_checks = true
      tls { internal_rpc { ca_file = "${folder}/cert.pem" cert_file = "${folder}/cert.pem" key_file = "${folder}/key.pem" } }
      service { name = "web" check { id = "up" http = "https://127.0.0.1:${port}/" tls_server_name = "mesh.example" interval = "1s" } }`,
    );
    const status = async () => (await get<Record<string, { Status: string }>>('/v1/agent/checks'))['up']?.Status;
    await expect.poll(status, { timeout: 8_000 }).toBe('passing');
    expect(shown[0]).toBe('mesh.example');
    const { Config, DebugConfig } = await get<{
      Config: { NodeID: string; Server: boolean };
      DebugConfig: object;
    }>('/v1/agent/self');
    expect(DebugConfig).toMatchObject({ DisableHostNodeID: false, EnableAgentTLSForChecks: true });
    const ofHost = hostNodeId();
    expect(Config.Server).toBe(false);
    // A container may have no id that could be taken.
    expect(Config.NodeID).toBe(ofHost ?? Config.NodeID);
  });
});
