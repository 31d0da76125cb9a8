/**
 * Random meshes for property tests: steps of `ScenarioMesh` that are mostly accepted, with every field of every kind of config
 * entry, and now and then a text or number that nobody expects. Whoever adds a field or a kind adds it here.
 * `front-sidecar-proxy` is the proxy to look at.
 */
import fc from 'fast-check';
import { resolver, router, splitter } from './chain-entries.js';
import { destinationDefaults, proxyDefaults, serviceDefaults } from './default-entries.js';
import { exportedServices, intentions, jwtProvider, meshEntry } from './policy-entries.js';
import { front, goneInstance, instance, plainFront } from './registrations.js';
import { SERVICES, service } from './values.js';

export type RandomStep = Readonly<Record<string, unknown>>;

export const FRONT_PROXY = 'front-sidecar-proxy';

const entry: fc.Arbitrary<object> = fc.oneof(
  { weight: 2, arbitrary: proxyDefaults },
  { weight: 5, arbitrary: serviceDefaults },
  { weight: 1, arbitrary: destinationDefaults },
  { weight: 5, arbitrary: resolver },
  { weight: 5, arbitrary: router },
  { weight: 4, arbitrary: splitter },
  { weight: 5, arbitrary: intentions },
  { weight: 1, arbitrary: jwtProvider },
  { weight: 1, arbitrary: meshEntry },
  { weight: 1, arbitrary: exportedServices },
);

const deletion = fc
  .tuple(
    fc.constantFrom('service-resolver', 'service-router', 'service-splitter', 'service-intentions', 'service-defaults'),
    service,
  )
  .map(([kind, name]): RandomStep => ({ 'delete-config': `${kind}/${name}` }));

/** One change, or an attempt at one. */
export const anyStep: fc.Arbitrary<RandomStep> = fc.oneof(
  { weight: 12, arbitrary: entry.map((config): RandomStep => ({ config })) },
  { weight: 2, arbitrary: deletion },
  { weight: 6, arbitrary: instance },
  { weight: 1, arbitrary: goneInstance },
  { weight: 3, arbitrary: front },
);

/** Entries that let others be accepted: without a protocol nothing is routed, without subsets none is a target. */
const http: RandomStep = { config: { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } } };
const subsets: readonly RandomStep[] = SERVICES.map((Name) => ({
  config: {
    Kind: 'service-resolver',
    Name,
    Subsets: { v1: { Filter: 'Service.Meta.version == 1' }, v2: { OnlyPassing: true }, canary: {} },
  },
}));
const ground = fc.constantFrom<readonly RandomStep[]>([], [http], [http, ...subsets], subsets.slice(0, 2));

/** A mesh from nothing: the proxy, then changes. */
export const anyMesh: fc.Arbitrary<readonly RandomStep[]> = fc
  .tuple(plainFront, ground, fc.array(anyStep, { minLength: 4, maxLength: 16 }))
  .map(([first, second, rest]) => [first, ...second, ...rest]);
