import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { durationFromWire } from '../../../src/core/duration.js';
import { type ChainOverrides, compileChain, encodeCompiledChain } from '../../../src/mesh/discovery-chain/index.js';
import { type ConfigEntry, configEntryKey, decodeConfigEntry } from '../../../src/model/index.js';
import { viewOfEntries } from '../support/plain-view.js';

const folder = new URL('../../recordings/data/http/', import.meta.url);

interface Step {
  readonly http?: string;
  readonly body?: Record<string, unknown>;
}

interface Answer {
  readonly status: number;
  readonly json?: { readonly Chain?: Record<string, unknown> };
}

const files = [
  ...readdirSync(new URL('chain/', folder))
    .filter((name) => name.endsWith('.recorded.json'))
    .map((name) => `chain/${name}`),
  'config/circular.recorded.json',
  'config/external-sni.recorded.json',
];

function overridesOf(body: Record<string, unknown> = {}): ChainOverrides {
  const timeout = body.OverrideConnectTimeout as string | number | undefined;
  const gateway = body.OverrideMeshGateway as { Mode: 'local' | 'remote' } | undefined;
  return {
    ...(typeof body.OverrideProtocol === 'string' && { protocol: body.OverrideProtocol }),
    ...(gateway && { meshGatewayMode: gateway.Mode }),
    ...(timeout !== undefined && { connectTimeoutMs: durationFromWire(timeout) }),
  };
}

function withoutVirtualIps({ AutoVirtualIPs, ManualVirtualIPs, ...chain }: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(chain));
}

describe('chains as Consul compiled and showed them', () => {
  for (const recording of files) {
    const { steps } = JSON.parse(readFileSync(new URL(recording.replace('.recorded', ''), folder), 'utf8')) as {
      steps: Step[];
    };
    const { answers } = JSON.parse(readFileSync(new URL(recording, folder), 'utf8')) as { answers: Answer[] };
    const entries = new Map<string, ConfigEntry>();

    for (const [position, { http = '', body }] of steps.entries()) {
      const answer = answers[position];
      if (answer?.status !== 200) continue;
      if (http === 'PUT /v1/config' && body) {
        const entry = decodeConfigEntry(body);
        entries.set(configEntryKey(entry.kind, entry.name), entry);
      }
      const deleted = /^DELETE \/v1\/config\/([^/]+)\/(.+)$/.exec(http);
      if (deleted) entries.delete(configEntryKey(deleted[1] ?? '', deleted[2] ?? ''));
      const asked = /\/v1\/discovery-chain\/([^?]+)(?:\?compile-dc=(.*))?$/.exec(http);
      const chain = answer.json?.Chain;
      if (!asked || !chain) continue;

      const present = [...entries.values()];
      it(`${recording.replace('.recorded.json', '')}: ${http} ${JSON.stringify(body ?? {})}`, () => {
        const clusterId = /internal\.([0-9a-f-]+)\.consul/.exec(JSON.stringify(chain))?.[1] ?? '';
        const view = viewOfEntries(present, {
          'ca-config': [{ clusterId, provider: 'consul', leafTtlMs: 1, rootTtlMs: 1, createIndex: 1, modifyIndex: 1 }],
        });
        const result = compileChain(view, {
          service: asked[1] ?? '',
          evaluateInDatacenter: asked[2] ?? 'dc1',
          overrides: overridesOf(body),
        });
        if (!result.ok) throw new Error(result.problem);
        expect(withoutVirtualIps(encodeCompiledChain(result.chain))).toEqual(withoutVirtualIps(chain));
      });
    }
  }
});
