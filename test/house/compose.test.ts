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
  readonly init?: boolean;
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

interface Compose {
  readonly services: Record<string, Service>;
  readonly volumes: Record<string, unknown>;
  readonly networks: Record<string, { ipam: { config: { subnet: string }[] } }>;
}

const KEY = Buffer.alloc(32, 1).toString('base64');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const wordsOf = ({ command }: Service) => (Array.isArray(command) ? command : shellWords(command ?? ''));
const addressOf = (service: Service) => service.networks?.['mesh']?.ipv4_address;

/** A compose file with a key in its place. */
function composeOf(file: string) {
  const text = readFileSync(join(root, file), 'utf8').replace(/\$\{MESHWRIGHT_KEY:\?[^}]+\}/g, KEY);
  const compose = parse(text, { merge: true }) as Compose;
  const service = (name: string): Service =>
    compose.services[name] ?? expect.fail(`no service of ${file} is called ${name}`);
  /** What an agent of the file is started with, its folder being where it is in the project. */
  const configOf = (name: string) =>
    loadAgentConfig(
      wordsOf(service(name))
        .slice(1)
        .map((word) => word.replace('/etc/meshwright', join(root, 'envoy', 'compose'))),
      'host',
    ).config;
  return { ...compose, service, configOf };
}

describe.each(['docker-compose.yml', 'docker-compose.single.yml'])('%s', (file) => {
  const { services, volumes, networks, service } = composeOf(file);

  it('builds one image for all of them', () => {
    for (const one of Object.values(services)) expect([one.image, one.build]).toEqual(['meshwright:local', '.']);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["meshwright"\]$/m);
  });

  it('runs an init in each, since Node does not bury the orphans of scripts', () => {
    for (const one of Object.values(services)) expect(one.init).toBe(true);
  });

  it('runs two services with an Envoy beside each, where the service is', () => {
    for (const name of ['api', 'web']) expect(service(`${name}-sidecar`).network_mode).toBe(`service:${name}`);
  });

  it('uses commands and flags that exist', async () => {
    for (const one of Object.values(services)) if (!one.entrypoint) await assertUnderstood(wordsOf(one));
    const checks = Object.values(services).flatMap(({ healthcheck }) => healthcheck ?? []);
    expect(checks.length).toBeGreaterThan(0);
    for (const { test } of checks) await assertUnderstood(test.slice(2));
  });

  it('mounts files that exist, into volumes that are declared, each of one container', () => {
    const sources = Object.values(services).flatMap((one) =>
      (one.volumes ?? []).map((text) => text.split(':')[0] ?? ''),
    );
    const isThere = (source: string) => (source.startsWith('.') ? existsSync(join(root, source)) : source in volumes);
    expect(sources.filter((source) => !isThere(source))).toEqual([]);
    expect(sources.filter((source) => !source.startsWith('.')).sort()).toEqual(Object.keys(volumes).sort());
    for (const name of ['api', 'web']) {
      const script = service(name).entrypoint?.[1]?.replace('/demo/', 'envoy/compose/') ?? '';
      expect(existsSync(join(root, script)), script).toBe(true);
    }
  });

  it('gives every container an address of the network', () => {
    const subnet = networks['mesh']?.ipam.config[0]?.subnet.replace(/\.0\/24$/, '.') ?? 'none';
    const addresses = Object.values(services).flatMap((one) => addressOf(one) ?? []);
    expect(addresses.filter((address) => !address.startsWith(subnet))).toEqual([]);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it('starts an Envoy when the agent that it asks is healthy', () => {
    for (const name of ['api', 'web']) {
      const [asked = ''] = Object.keys(service(`${name}-sidecar`).depends_on ?? {});
      expect(service(`${name}-sidecar`).depends_on).toEqual({ [asked]: { condition: 'service_healthy' } });
      expect(service(asked).healthcheck).toBeDefined();
    }
  });

  it('shows ports to this machine only', () => {
    const shown = Object.values(services).flatMap((one) => one.ports ?? []);
    expect(shown.length).toBeGreaterThan(0);
    for (const port of shown) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });
});

/** What web's own Envoy is told: that api is behind the port at which the container asks for it. */
function expectUpstream(service: Service, definition: unknown): void {
  const port = /:(\d+)$/.exec(service.command?.[2] ?? '')?.[1];
  expect(JSON.stringify(definition)).toContain('"api"');
  expect(JSON.stringify(definition)).toContain(`:${port}`);
}

describe('docker-compose.yml', () => {
  const { services, service, configOf } = composeOf('docker-compose.yml');
  const servers = ['server-1', 'server-2', 'server-3'];

  it('runs three servers that form a cluster with an etcd of their own, each with data of its own', () => {
    const addresses = servers.map((name) => addressOf(service(name)));
    for (const [at, name] of servers.entries()) {
      const { server, nodeName, bindAddress, cluster, state } = configOf(name);
      expect([server, nodeName, bindAddress]).toEqual([true, name, addresses[at]]);
      expect(cluster).toMatchObject({ bootstrapExpect: 3, retryJoin: addresses, encrypt: KEY });
      expect(state.etcd.member).toBeDefined();
    }
  });

  it('runs an agent on each host, which joins the servers and declares the service that is there', () => {
    for (const name of ['api', 'web']) {
      expect(service(`${name}-agent`).network_mode).toBe(`service:${name}`);
      const { server, bindAddress, cluster, services: declared } = configOf(`${name}-agent`);
      expect([server, bindAddress]).toEqual([false, addressOf(service(name))]);
      expect(cluster).toMatchObject({ retryJoin: servers.map((one) => addressOf(service(one))), encrypt: KEY });
      const port = Number(service(name).command?.[1]);
      expect(declared).toMatchObject([{ service: name, port, address: '' }]);
      // The Envoy finds the agent of its host without being told.
      expect(service(`${name}-sidecar`).environment).toBeUndefined();
      if (name === 'web') expectUpstream(service(name), declared);
    }
  });

  it('asks for the key, which stands in no file', () => {
    const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
    expect(text).toMatch(/^x-key: &key \$\{MESHWRIGHT_KEY:\?make one with .+\}$/m);
    expect(Object.values(services).filter((one) => wordsOf(one).includes('-encrypt'))).toHaveLength(5);
  });
});

describe('docker-compose.single.yml', () => {
  const { services, service, configOf } = composeOf('docker-compose.single.yml');
  const config = configOf('control-plane');

  it('runs a control plane, two services and an Envoy beside each', () => {
    expect(Object.keys(services)).toEqual(['control-plane', 'api', 'api-sidecar', 'web', 'web-sidecar']);
  });

  it('declares the services where the containers are', () => {
    const declared = Object.fromEntries(config.services.map((one) => [one.service, one]));
    for (const name of ['api', 'web']) {
      const { command } = service(name);
      expect(declared[name]).toMatchObject({ address: addressOf(service(name)), port: Number(command?.[1]) });
    }
    expectUpstream(service('web'), declared['web']);
  });

  it('sends the Envoys to the ports of the control plane, to xDS over TLS', () => {
    const address = addressOf(service('control-plane'));
    for (const name of ['api-sidecar', 'web-sidecar'])
      expect(service(name).environment).toEqual({
        CONSUL_HTTP_ADDR: `http://${address}:8500`,
        CONSUL_GRPC_ADDR: `https://${address}:8503`,
      });
  });
});

describe('the Dockerfile', () => {
  it('runs as a user of its own, in several stages', () => {
    expect(dockerfile.match(/^FROM /gm)?.length).toBe(4);
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

  it('takes an Envoy and an etcd that are tested', () => {
    expect(dockerfile).toMatch(/^ARG ENVOY_IMAGE=envoyproxy\/envoy:v1\.40\.0$/m);
    expect(dockerfile).toMatch(/^ARG ETCD_IMAGE=\S+\/etcd:v3\.6\.6$/m);
    expect(dockerfile).toMatch(/^COPY --from=etcd \/usr\/local\/bin\/etcd \/usr\/local\/bin\/etcd$/m);
  });
});
