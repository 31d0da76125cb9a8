// Says of each recorded scenario whether it is in scope, from what its steps use; `node test/recordings/classify.mjs`
// writes scope.json. A scenario that uses anything not built yet waits, and the reasons name what it waits for.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpScenarios, readHttpScenario } from './http/play.mjs';
import { readXdsScenario, xdsScenarios, xdsSteps } from './xds/scenarios.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** HTTP families that are about something of its own, whatever endpoints their steps share with others. */
const waitingFamilies = {
  acl: 'access control',
  peering: 'cluster peering',
};

/** Endpoints that are there; everything else waits. Checked in order, the first that matches decides. */
const endpoints = [
  [/^\/v1\/(?:kv(?:$|\/)|status\/)/, undefined],
  [/^\/v1\/agent\/(?:self|members|metrics|services|checks|maintenance|version)$/, undefined],
  [/^\/v1\/agent\/service\//, undefined],
  [/^\/v1\/agent\/check\//, undefined],
  [/^\/v1\/agent\/connect\/(?:ca\/|authorize$)/, undefined],
  [/^\/v1\/agent\/health\//, undefined],
  [/^\/v1\/catalog\/(?:nodes|services|datacenters|register|deregister)$/, undefined],
  [/^\/v1\/catalog\/(?:service|connect|node|node-services|gateway-services)\//, undefined],
  [/^\/v1\/health\/(?:service|connect|ingress|node|checks|state)\//, undefined],
  [/^\/v1\/config(?:$|\/)/, undefined],
  [/^\/v1\/connect\/(?:intentions(?:$|\/)|ca\/roots$)/, undefined],
  [/^\/v1\/discovery-chain\//, undefined],
  [/^\/v1\/agent\/(?:join|leave|force-leave|reload|monitor|host|token)/, undefined],
  [/^\/v1\/connect\/ca\/configuration/, undefined],
  [/^\/v1\/session/, undefined],
  [/^\/v1\/query/, undefined],
  [/^\/v1\/internal\/ui/, undefined],
  [/^\/v1\/internal\/acl/, 'access control'],
  [/^\/v1\/internal\/service-virtual-ip$/, undefined],
  [/^\/v1\/internal\//, 'transparent proxy'],
  [/^\/v1\/exported-services$/, undefined],
  [/^\/v1\/imported-services/, 'exported services'],
  [/^\/v1\/event/, undefined],
  [/^\/v1\/txn/, undefined],
  [/^\/v1\/coordinate/, undefined],
  [/^\/v1\/peering/, 'cluster peering'],
  [/^\/v1\/acl/, 'access control'],
  [/^\/v1\/operator/, undefined],
  [/^\/v1\/snapshot/, undefined],
  [/^\/ui/, 'the web UI'],
  // What does not exist must be refused as Consul refuses it.
  [/./, undefined],
];

const commands = [
  [/^kv (?:put|get|delete)\b/, undefined],
  [/^(?:config|intention|members|version)\b/, undefined],
  [/^services (?:register|deregister|export|exported-services)\b/, undefined],
  [/^catalog (?:services|nodes|datacenters|odd)\b/, undefined],
  [/^kv (?:export|import)/, undefined],
  [/^validate/, undefined],
  [/^(?:keygen|keyring|operator|rtt|snapshot)\b/, undefined],
  [/^connect ca/, undefined],
  [/^connect expose/, undefined],
  [/^acl/, 'access control'],
  [/./, 'other commands'],
];

const kinds = new Set([
  'proxy-defaults',
  'service-defaults',
  'service-router',
  'service-splitter',
  'service-resolver',
  'service-intentions',
  'mesh',
  'exported-services',
  'jwt-provider',
  'control-plane-request-limit',
  'terminating-gateway',
  'ingress-gateway',
  'api-gateway',
  'bound-api-gateway',
  'http-route',
  'tcp-route',
  'inline-certificate',
  'file-system-certificate',
]);
const waitingKinds = { 'sameness-group': 'sameness groups' };

/** Gateways are registered and described; what they are told themselves over xDS is another matter. */
const waitingProxies = {
  'api-gateway': 'API gateways',
  'ingress-gateway': 'ingress gateways',
  'mesh-gateway': 'mesh gateways',
  'terminating-gateway': 'terminating gateways',
};

/** Fields that bring in something not built yet, wherever they stand. */
const fields = {
  Peer: () => 'cluster peering',
  Peering: () => 'cluster peering',
  SamenessGroup: () => 'sameness groups',
  Datacenter: (v) => v !== '' && v !== 'dc1' && 'other datacenters',
  Datacenters: () => 'other datacenters',
};

/** Settings of an agent that are there; others wait. */
const settings = new Set([
  'check',
  'config_entries',
  'connect',
  'default_intention_policy',
  'disable_update_check',
  'dns_config',
  'http_config',
  'log_level',
  'node_meta',
  'node_name',
  'ports',
  'services',
]);
const waitingSettings = { acl: 'access control', encrypt: 'gossip keys' };

/** Decided by hand, because the steps alone do not show it: { waits: reason } or { inScope: why }. */
const overrides = {
  'agent/service-refused': { inScope: 'another datacenter is only named in a registration that is refused' },
  'agent/tokens-without-acl': { inScope: 'access control is off in it' },
  'catalog/datacenters': { inScope: 'another datacenter is only named to be refused' },
  'operator/keyring-encrypted': { inScope: 'the keys are those of the cluster' },
  'operator/snapshot': { inScope: 'another datacenter is only named to be refused' },
  'operator/usage': { inScope: 'a mesh gateway is only counted' },
  'config/sameness-group': { inScope: 'entries of the kind are refused by name, as in Consul' },
  'event/refused': { inScope: 'another datacenter is only named to be refused' },
  'query/crud': { inScope: 'another datacenter is only named in a definition' },
  'query/refused': { inScope: 'peers and the like are only named in definitions that are refused, or not carried out' },
  'health/connect': { inScope: 'a peer is only named in a read that finds nothing' },
  'health/service': { inScope: 'peers, datacenters and the like are only named in queries of the health of services' },
};

function* reasonsInside(value) {
  if (Array.isArray(value)) for (const one of value) yield* reasonsInside(one);
  else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) {
      const reason = fields[key]?.(inner);
      if (reason) yield reason;
      if (key === 'Kind' && typeof inner === 'string' && waitingKinds[inner]) yield waitingKinds[inner];
      yield* reasonsInside(inner);
    }
  }
}

function* reasonsOfAgent(config = {}) {
  for (const key of Object.keys(config)) if (!settings.has(key)) yield waitingSettings[key] ?? `agent setting ${key}`;
}

const firstMatch = (table, text) => table.find(([pattern]) => pattern.test(text))[1];

function* reasonsOfHttpStep(step, family) {
  const call = step.http ?? (step.wait?.startsWith('dns ') ? undefined : step.wait);
  if (call !== undefined) {
    const target = call.slice(call.indexOf(' ') + 1);
    const [path, query = ''] = target.split('?');
    const reason = firstMatch(endpoints, path);
    if (reason) yield reason;
    const kind = /^\/v1\/config\/([^/]+)/.exec(path)?.[1];
    if (kind && waitingKinds[kind]) yield waitingKinds[kind];
    if (/(?:^|&)peer=/.test(query)) yield 'cluster peering';
    if (/(?:^|&)(?:sg|sameness-group)=/.test(query)) yield 'sameness groups';
    // A chain is compiled for any datacenter: `compile-dc` needs no way there.
    if (/(?:^|&)dc=(?!dc1)/.test(query)) yield 'other datacenters';
  }
  if (step.cli !== undefined) {
    const reason = firstMatch(commands, step.cli.join(' '));
    if (reason) yield reason;
  }
  if (step.token !== undefined) yield 'access control';
  // Of the kinds that are there all fields are stored, checked and compiled, also those that no proxy is served with yet.
  if ((family === 'config' || family === 'chain') && kinds.has(step.body?.Kind)) return;
  yield* reasonsInside(step.body);
}

function reasonsOfHttp({ id, family }) {
  const scenario = readHttpScenario(id);
  const reasons = new Set(waitingFamilies[family] ? [waitingFamilies[family]] : []);
  for (const reason of reasonsOfAgent(scenario.agent?.config)) reasons.add(reason);
  for (const step of scenario.steps) for (const reason of reasonsOfHttpStep(step, family)) reasons.add(reason);
  return reasons;
}

function reasonsOfXds(id) {
  const scenario = readXdsScenario(id);
  const reasons = new Set(reasonsOfAgent(scenario.agent));
  for (const step of xdsSteps(scenario)) {
    const [[verb, argument]] = Object.entries(step);
    if (verb === 'request') reasons.add(firstMatch(endpoints, argument.path) ?? 'other requests');
    if (verb === 'config' && !kinds.has(argument.Kind)) reasons.add(waitingKinds[argument.Kind] ?? argument.Kind);
    for (const reason of reasonsInside(argument)) reasons.add(reason);
    const registered = verb === 'catalog' ? argument.Service : argument;
    if (scenario.proxies.includes(registered?.ID)) reasons.add(waitingProxies[registered.Kind]);
  }
  reasons.delete(undefined);
  return reasons;
}

function sorted(reasonsById) {
  const inScope = [];
  const waiting = {};
  for (const [id, found] of reasonsById) {
    const decided = overrides[id];
    const reasons = decided?.waits ? [decided.waits] : decided?.inScope ? [] : [...found].sort();
    if (reasons.length === 0) inScope.push(id);
    else waiting[id] = reasons.join(', ');
  }
  return { inScope, waiting };
}

/** { http, xds }, each { inScope: [id], waiting: { id: reasons } }. */
export const classify = () => ({
  http: sorted(httpScenarios().map((item) => [item.id, reasonsOfHttp(item)])),
  xds: sorted(xdsScenarios().map((name) => [name, reasonsOfXds(name)])),
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const scope = classify();
  writeFileSync(join(here, 'scope.json'), `${JSON.stringify(scope, null, 2)}\n`);
  for (const [name, { inScope, waiting }] of Object.entries(scope))
    console.log(`${name}: ${inScope.length} in scope, ${Object.keys(waiting).length} waiting`);
}
