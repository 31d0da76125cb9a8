import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/lib/run.mjs';
import { loadAgentConfig } from '../../src/agent/config/index.js';
import { assertUnderstood, shellWords } from '../support/command-line.js';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: string | string[];
  readonly entrypoint?: string[];
  readonly environment?: Record<string, string>;
  readonly volumes?: string[];
  readonly ports?: string[];
  readonly network_mode?: string;
  readonly networks?: Record<string, { ipv4_address: string }>;
  readonly depends_on?: Record<string, { condition: string }>;
  readonly healthcheck?: { test: string[] };
}

const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, { ipam: { config: { subnet: string }[] } }>;
};
const { services } = compose;
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const wordsOf = ({ command }: Service) => (Array.isArray(command) ? command : shellWords(command ?? ''));
const service = (name: string): Service => services[name] ?? expect.fail(`no service is called ${name}`);

/** What the control plane of docker-compose.yml is started with, its folder being where it is in the project. */
const { config } = loadAgentConfig(
  wordsOf(service('control-plane'))
    .slice(1)
    .map((word) => word.replace('/etc/meshwright', join(root, 'envoy', 'compose'))),
  'host',
);

describe('docker-compose.yml', () => {
  it('runs a control plane, two services and an Envoy beside each', () => {
    expect(Object.keys(services)).toEqual(['control-plane', 'api', 'api-sidecar', 'web', 'web-sidecar']);
    for (const name of ['api', 'web']) expect(service(`${name}-sidecar`).network_mode).toBe(`service:${name}`);
  });

  it('builds one image for all of them', () => {
    for (const one of Object.values(services)) expect([one.image, one.build]).toEqual(['meshwright:local', '.']);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["meshwright"\]$/m);
  });

  it('uses commands and flags that exist', async () => {
    for (const one of Object.values(services)) if (!one.entrypoint) await assertUnderstood(wordsOf(one));
    await assertUnderstood((service('control-plane').healthcheck?.test ?? []).slice(2));
  });

  it('mounts files that exist, into volumes that are declared', () => {
    const sources = Object.values(services).flatMap((one) =>
      (one.volumes ?? []).map((text) => text.split(':')[0] ?? ''),
    );
    const isThere = (source: string) =>
      source.startsWith('.') ? existsSync(join(root, source)) : source in compose.volumes;
    expect(sources.length).toBeGreaterThan(2);
    expect(sources.filter((source) => !isThere(source))).toEqual([]);
    for (const name of ['api', 'web']) {
      const script = service(name).entrypoint?.[1]?.replace('/demo/', 'envoy/compose/') ?? '';
      expect(existsSync(join(root, script)), script).toBe(true);
    }
  });

  it('declares the services where the containers are', () => {
    const declared = Object.fromEntries(config.services.map((one) => [one.service, one]));
    for (const name of ['api', 'web']) {
      const { networks, command } = service(name);
      expect(declared[name]).toMatchObject({ address: networks?.['mesh']?.ipv4_address, port: Number(command?.[1]) });
    }
    const subnet = compose.networks['mesh']?.ipam.config[0]?.subnet.replace(/\.0\/24$/, '.') ?? 'none';
    const addresses = Object.values(services).flatMap((one) => one.networks?.['mesh']?.ipv4_address ?? []);
    expect(addresses.filter((address) => !address.startsWith(subnet))).toEqual([]);
  });

  it('lets web call api through its own Envoy', () => {
    const web = JSON.stringify(config.services.find((one) => one.service === 'web'));
    const port = /:(\d+)$/.exec(service('web').command?.[2] ?? '')?.[1];
    expect(web).toContain('"api"');
    expect(web).toContain(`:${port}`);
  });

  it('sends the Envoys to the ports of the control plane, to xDS over TLS', () => {
    const address = service('control-plane').networks?.['mesh']?.ipv4_address;
    for (const name of ['api-sidecar', 'web-sidecar']) {
      expect(service(name).environment).toEqual({
        CONSUL_HTTP_ADDR: `http://${address}:8500`,
        CONSUL_GRPC_ADDR: `https://${address}:8503`,
      });
      expect(service(name).depends_on).toEqual({ 'control-plane': { condition: 'service_healthy' } });
    }
  });

  it('shows ports to this machine only', () => {
    const shown = Object.values(services).flatMap((one) => one.ports ?? []);
    expect(shown.length).toBeGreaterThan(0);
    for (const port of shown) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });
});

describe('the Dockerfile', () => {
  it('runs as a user of its own, in several stages', () => {
    expect(dockerfile.match(/^FROM /gm)?.length).toBe(3);
    const afterLastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(afterLastStage).toMatch(/^USER meshwright$/m);
    expect(afterLastStage.lastIndexOf('USER root')).toBe(-1);
  });

  it('copies what exists and starts with a command that exists', async () => {
    for (const [, sources = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
      for (const source of sources.split(' ')) expect(existsSync(join(root, source)), source).toBe(true);
    }
    const words = JSON.parse(/^CMD (.+)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    await assertUnderstood(words);
  });

  it('takes an Envoy that is tested', () => {
    expect(dockerfile).toMatch(/^ARG ENVOY_IMAGE=envoyproxy\/envoy:v1\.40\.0$/m);
  });
});
