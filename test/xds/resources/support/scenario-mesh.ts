import { randomUUID } from 'node:crypto';
import { sidecarOf } from '../../../../src/agent/sidecar.js';
import { type CertificateAuthority, createCertificateAuthority } from '../../../../src/ca/index.js';
import { systemClock } from '../../../../src/core/index.js';
import {
  type RegisteredCheck,
  applyDeregistration,
  applyRegistration,
  checkProxy,
  assignManualVirtualIps,
  deregistrationField,
  registrationField,
  toRegistration,
} from '../../../../src/discovery/catalog/index.js';
import { deleteConfigEntry, writeConfigEntry } from '../../../../src/discovery/config/index.js';
import { createQuery } from '../../../../src/discovery/queries/index.js';
import { proxyKey } from '../../../../src/mesh/proxy/index.js';
import {
  type CheckDefinition,
  type ServiceDefinition,
  decodeServiceDefinition,
} from '../../../../src/model/definitions/index.js';
import { type ConfigEntryKind, decodeConfigEntry } from '../../../../src/model/index.js';
import { queryDefinitionField } from '../../../../src/model/queries/index.js';
import { decode } from '../../../../src/model/wire/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../../src/state/index.js';
import { encodeLeafSecret } from '../../../../src/xds/server/leaf-secret.js';
import {
  type EncodedResource,
  LEAF_SECRET,
  type ProxyNeeds,
  proxyNeedsCell,
  resourceCell,
} from '../../../../src/xds/resources/index.js';
import { type Kind, perKind } from '../../../support/ads-client/kinds.js';
import { brokenRule } from '../../../support/ads-client/field-rules.js';
import { type AnyMessage, lookupType, openAny } from '../../../support/ads-client/message-types.js';
import { anyToJson } from '../../../support/ads-client/protojson.js';
import { referencesOf } from '../../../support/ads-client/references.js';

const AGENT_NODE = 'node-one';
const kindOfType = {
  cluster: 'clusters',
  endpoint: 'endpoints',
  listener: 'listeners',
  route: 'routes',
  secret: 'secrets',
  extension: 'extensions',
} as const;

/** What one proxy would be told, in the form in which the recordings keep it. */
export interface Told {
  readonly node: string;
  readonly resources: Record<Kind, Record<string, unknown>>;
  readonly removed: Partial<Record<Kind, string[]>>;
  readonly problems: string[];
}

type Step = Readonly<Record<string, unknown>>;

/** A mesh in memory that takes the steps of xDS scenarios: everything but the HTTP edge, the agent's sync and the streams. */
export class ScenarioMesh {
  readonly store: StateStore;
  readonly ca: CertificateAuthority & { close(): void };
  readonly #told = new Map<string, Told>();

  private constructor(store: StateStore, ca: CertificateAuthority & { close(): void }) {
    this.store = store;
    this.ca = ca;
  }

  static async start(agent: Readonly<Record<string, unknown>> = {}): Promise<ScenarioMesh> {
    const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
    await store.ready;
    const ca = createCertificateAuthority(store, systemClock, {
      clusterId: '11111111-2222-3333-4444-555555555555',
      leafTtlMs: 259_200_000,
      rootTtlMs: 315_360_000_000,
      key: { type: 'ec', bits: 256 },
      datacenter: 'dc1',
    });
    await ca.ready;
    const policy = agent['default_intention_policy'] === 'allow' ? 'allow' : 'deny';
    await store.transact('start', (transaction) => {
      transaction.put('system', { name: 'default-intention-policy', value: policy });
    });
    const mesh = new ScenarioMesh(store, ca);
    await mesh.step({ catalog: { Node: AGENT_NODE, Address: '127.0.0.1' } });
    return mesh;
  }

  async stop(): Promise<void> {
    this.ca.close();
    await this.store.close();
  }

  async step(step: Step): Promise<void> {
    const [[verb, body] = ['', undefined]] = Object.entries(step);
    if (verb === 'config') await writeConfigEntry(this.store, decodeConfigEntry(body));
    else if (verb === 'delete-config') {
      const [kind = '', name = ''] = String(body).split('/');
      await deleteConfigEntry(this.store, kind as ConfigEntryKind, name);
    } else if (verb === 'catalog') {
      const registration = toRegistration(decode(registrationField, body, { what: 'registration' }), 'dc1');
      checkProxy(registration.service?.proxy);
      await this.store.transact(verb, (transaction) => applyRegistration(transaction, registration));
    } else if (verb === 'remove-catalog') {
      const { node, serviceId, checkId } = decode(deregistrationField, body, { what: 'deregistration' });
      await this.store.transact(verb, (transaction) => applyDeregistration(transaction, { node, serviceId, checkId }));
    } else if (verb === 'query') {
      const definition = decode(queryDefinitionField, body, { what: 'query' });
      await createQuery(this.store, definition, randomUUID());
    } else if (verb === 'virtual-ips') {
      const { service, ips } = body as { readonly service: string; readonly ips: readonly string[] };
      await this.store.transact(verb, (transaction) => assignManualVirtualIps(transaction, service, ips));
    } else if (verb === 'service') await this.#register(decodeServiceDefinition(body, 'api'));
    else throw new Error(`no such kind of step: ${verb}`);
  }

  async #register(definition: ServiceDefinition): Promise<void> {
    const used = new Set(this.store.view.range('services', 'byNode', [AGENT_NODE]).map(({ port }) => port));
    const sidecar = sidecarOf(definition, undefined, used, { from: 21_000, to: 21_255 });
    for (const service of sidecar ? [definition, sidecar] : [definition]) {
      checkProxy(service.proxy);
      const { checks, token: _token, sidecar: _sidecar, ...registered } = service;
      const registration = {
        node: AGENT_NODE,
        id: '',
        address: '127.0.0.1',
        datacenter: 'dc1',
        taggedAddresses: {},
        meta: {},
      };
      await this.store.transact('service', (transaction) =>
        applyRegistration(transaction, {
          ...registration,
          skipNodeUpdate: true,
          service: registered,
          checks: checks.map((check, position) => firstResult(check, service.id, position)),
        }),
      );
    }
  }

  needs(proxyId: string): ProxyNeeds {
    const needs = this.store.read(proxyNeedsCell, proxyKey({ node: AGENT_NODE, proxyId })).value;
    if (needs === undefined) throw new Error(`${proxyId} is not registered`);
    return needs;
  }

  /** Every resource that a proxy needs, with the names of those that cannot be made. */
  resources(proxyId: string): { readonly made: EncodedResource[]; readonly missing: string[] } {
    const made: EncodedResource[] = [];
    const missing: string[] = [];
    for (const [type, names] of this.needs(proxyId).resources)
      for (const [name, key] of names) {
        const { value } = this.store.read(resourceCell, key);
        if (value === undefined) missing.push(`${type} ${name}`);
        else made.push(value);
      }
    return { made, missing };
  }

  /** What is wrong with what a proxy would be told: cannot be made, wrongly named, breaks a rule of Envoy's, refers to nothing. */
  problems(proxyId: string): string[] {
    const { made, missing } = this.resources(proxyId);
    const there = perKind<Record<string, unknown>>(() => ({}));
    const problems = missing.map((what) => `${what} cannot be made`);
    const asked = perKind(() => new Set<string>());
    there.secrets[LEAF_SECRET] = true;
    for (const resource of made) {
      const any = decodeAny(resource.bytes);
      problems.push(...wrongIn(resource, any));
      there[kindOfType[resource.type]][resource.name] = true;
      collectReferences(any, resource.name, asked);
    }
    // A proxy that is refused for a reason of its own needs nothing.
    return made.length === 0 ? problems : [...problems, ...unlikeNeeds(there, asked)];
  }

  /** What the proxy is told now: as a client would see it that asks for everything the rest refers to. */
  tell(proxyId: string): Told {
    const { made, missing } = this.resources(proxyId);
    const resources = perKind<Record<string, unknown>>(() => ({}));
    const problems = missing.map((what) => `${what} cannot be made`);
    const leaf = encodeLeafSecret(this.ca.issueLeaf({ spiffeId: this.needs(proxyId).identity.spiffeId, dnsNames: [] }));
    const all = [...made, { type: 'secret' as const, name: LEAF_SECRET, bytes: leaf, references: [] }];
    const asked = perKind(() => new Set<string>());
    for (const resource of all) {
      const any = decodeAny(resource.bytes);
      problems.push(...wrongIn(resource, any));
      resources[kindOfType[resource.type]][resource.name] = anyToJson(any);
      collectReferences(any, resource.name, asked);
    }
    problems.push(...unlikeNeeds(resources, asked));
    const before = this.#told.get(proxyId);
    const told: Told = { node: proxyId, resources, problems, removed: removals(before, resources) };
    this.#told.set(proxyId, told);
    return told;
  }
}

/** A check before its first run: critical, but for an alias of a service without checks. */
function firstResult(check: CheckDefinition, serviceId: string, position: number): RegisteredCheck {
  return {
    node: '',
    checkId: `service:${serviceId}:${position + 1}`,
    name: check.name,
    status: check.aliasService === '' ? 'critical' : 'passing',
    notes: check.notes,
    output: '',
    serviceId,
    type: '',
    interval: '',
    timeout: '',
    exposedPort: 0,
    definition: {},
  };
}

export function decodeAny(bytes: Buffer): AnyMessage {
  const type = lookupType('google.protobuf.Any');
  if (!type) throw new Error('google.protobuf.Any is not known');
  return type.decode(bytes) as unknown as AnyMessage;
}

function wrongIn(resource: Pick<EncodedResource, 'type' | 'name'>, any: AnyMessage): string[] {
  const opened = openAny(any);
  if (!opened) return [`${resource.type} ${resource.name} cannot be decoded`];
  const inner = opened.message[resource.type === 'endpoint' ? 'cluster_name' : 'name'];
  const broken = brokenRule(opened.type, opened.message);
  return [
    ...(inner === resource.name ? [] : [`${resource.type} ${resource.name} is called ${String(inner)} inside`]),
    ...(broken === undefined ? [] : [`${resource.type} ${resource.name}: ${broken}`]),
  ];
}

function collectReferences(any: AnyMessage, name: string, asked: Record<Kind, Set<string>>): void {
  const { endpoints, routes, secrets, extensions, clusters } = referencesOf(any);
  const named = typeof endpoints === 'string' && endpoints !== '' ? endpoints : name;
  if (endpoints !== undefined) asked.endpoints.add(named);
  for (const one of routes) asked.routes.add(one);
  for (const one of secrets) asked.secrets.add(one);
  for (const one of extensions) asked.extensions.add(one);
  for (const one of clusters) asked.clusters.add(one);
}

/** What is needed must be exactly what something asks for; clusters and listeners may be there unasked. */
function unlikeNeeds(resources: Told['resources'], asked: Record<Kind, Set<string>>): string[] {
  const problems: string[] = [];
  for (const kind of ['clusters', 'endpoints', 'routes', 'secrets', 'extensions'] as const) {
    const there = Object.keys(resources[kind]);
    for (const name of asked[kind])
      if (!there.includes(name)) problems.push(`${kind}: ${name} is asked for and not there`);
    if (kind === 'clusters') continue;
    for (const name of there) if (!asked[kind].has(name)) problems.push(`${kind}: nothing asks for ${name}`);
  }
  return problems;
}

function removals(before: Told | undefined, now: Told['resources']): Told['removed'] {
  const removed: Told['removed'] = { ...before?.removed };
  for (const kind of ['clusters', 'listeners'] as const) {
    const gone = Object.keys(before?.resources[kind] ?? {}).filter((name) => !Object.hasOwn(now[kind], name));
    if (gone.length > 0) removed[kind] = [...(removed[kind] ?? []), ...gone].sort();
  }
  return removed;
}
