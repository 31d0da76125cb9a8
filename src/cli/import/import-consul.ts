import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../failure.js';
import type { AgentClient, Query } from '../http/agent-client.js';
import { segment } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asList, asRecord, asText, printJson } from '../json.js';
import { ImportReport } from './report.js';

/** Kinds in an order in which each finds what it needs; those that are made by others are not taken. */
const KINDS = [
  'proxy-defaults',
  'mesh',
  'jwt-provider',
  'service-defaults',
  'service-resolver',
  'service-splitter',
  'service-router',
  'inline-certificate',
  'file-system-certificate',
  'api-gateway',
  'http-route',
  'tcp-route',
  'ingress-gateway',
  'terminating-gateway',
  'service-intentions',
  'exported-services',
  'sameness-group',
  'control-plane-request-limit',
] as const;

type Json = Readonly<Record<string, unknown>>;

export interface ImportOptions {
  /** The Consul that is read. Nothing is written to it. */
  readonly from: AgentClient;
  /** The agent that is written to. */
  readonly to: AgentClient;
  /** Only says what would be done. */
  readonly isDryRun: boolean;
  /** Also nodes that have an agent. */
  readonly withAgents: boolean;
}

/**
 * Takes over what a Consul's public API shows: keys, config entries (with intentions), nodes without an agent with their services
 * and checks, prepared queries. Safe to be run again: what is there already is left as it is. What is refused is noted, and the
 * rest goes on. Throws AgentError when one of the two cannot be reached.
 */
export async function importConsul(options: ImportOptions): Promise<ImportReport> {
  const report = new ImportReport();
  await importKeys(options, report);
  await importEntries(options, report);
  await importCatalog(options, report);
  await importQueries(options, report);
  await tellTheRest(options, report);
  return report;
}

async function importKeys(options: ImportOptions, report: ImportReport): Promise<void> {
  const { to, isDryRun } = options;
  const taken = report.of('Keys');
  const found = asList(await read(options, report, '/v1/kv/', [], { recurse: true })).map(asRecord);
  const present = new Map(
    asList(await getOr(to, '/v1/kv/', [], { recurse: true })).map((entry) => [
      asText(asRecord(entry)['Key']),
      asRecord(entry),
    ]),
  );
  let held = 0;
  for (const entry of found) {
    const key = asText(entry['Key']);
    if (key === '') continue;
    if (asText(entry['Session']) !== '') held += 1;
    const there = present.get(key);
    const flags = asText(entry['Flags']) || '0';
    const isSame = asText(there?.['Value']) === asText(entry['Value']) && (asText(there?.['Flags']) || '0') === flags;
    if (there && isSame) taken.unchanged += 1;
    else
      await attempt(taken, key, isDryRun, () =>
        to.put(
          `/v1/kv/${key.split('/').map(segment).join('/')}`,
          Buffer.from(asText(entry['Value']), 'base64'),
          flags === '0' ? {} : { flags },
        ),
      );
  }
  if (held > 0) report.left.push(`locks of ${held} keys: sessions belong to the cluster that made them`);
}

async function importEntries(options: ImportOptions, report: ImportReport): Promise<void> {
  const { to, isDryRun } = options;
  const taken = report.of('Config entries');
  let waiting: { readonly name: string; readonly entry: Json }[] = [];
  for (const kind of KINDS) {
    const entries = asList(await read(options, report, `/v1/config/${kind}`, [])).map(asRecord);
    for (const entry of entries) {
      const wanted = withoutFrame(entry);
      const name = `${kind}/${asText(entry['Name'])}`;
      const there = await getOr(to, `/v1/config/${kind}/${segment(asText(entry['Name']))}`, undefined);
      if (there !== undefined && isDeepStrictEqual(withoutFrame(asRecord(there)), wanted)) taken.unchanged += 1;
      else waiting.push({ name, entry: wanted });
    }
  }
  // Some need others: what was refused is tried again as long as something else was taken.
  for (let before = waiting.length + 1; waiting.length > 0 && waiting.length < before; ) {
    before = waiting.length;
    taken.refused.splice(0);
    const round = waiting;
    waiting = [];
    for (const one of round)
      if (!(await attempt(taken, one.name, isDryRun, () => to.put('/v1/config', printJson(one.entry)))))
        waiting.push(one);
  }
}

async function importCatalog(options: ImportOptions, report: ImportReport): Promise<void> {
  const { to, isDryRun, withAgents } = options;
  const [nodes, services] = [report.of('Nodes'), report.of('Services')];
  let agents = 0;
  for (const node of asList(await read(options, report, '/v1/catalog/nodes', [])).map(asRecord)) {
    const name = asText(node['Node']);
    const checks = asList(await read(options, report, `/v1/health/node/${segment(name)}`, [])).map(asRecord);
    const hasAgent = checks.some((check) => check['CheckID'] === 'serfHealth');
    if (hasAgent && !withAgents) {
      agents += 1;
      continue;
    }
    const own = checks.filter((check) => check['CheckID'] !== 'serfHealth').map(withoutFrame);
    const base = {
      Node: name,
      ID: asText(node['ID']),
      Address: asText(node['Address']),
      TaggedAddresses: node['TaggedAddresses'],
      NodeMeta: node['Meta'],
    };
    const ofNode = own.filter((check) => asText(check['ServiceID']) === '');
    await register(to, nodes, name, isDryRun, { ...base, Checks: ofNode });
    const answer = asRecord(await read(options, report, `/v1/catalog/node-services/${segment(name)}`, {}));
    for (const service of asList(answer['Services']).map(asRecord)) {
      const id = asText(service['ID']);
      if (service['Service'] === 'consul') continue;
      const ofService = own.filter((check) => check['ServiceID'] === id);
      await register(to, services, `${name}/${id}`, isDryRun, {
        ...base,
        SkipNodeUpdate: true,
        Service: withoutFrame(service),
        Checks: ofService,
      });
    }
  }
  if (agents > 0)
    report.left.push(
      `${agents} nodes that have an agent: their agents register them and their services once they join here (-agents takes them as they are)`,
    );
}

/** A registration that changes nothing leaves the index as it is: that is how it is seen. */
async function register(
  to: AgentClient,
  taken: ReturnType<ImportReport['of']>,
  name: string,
  isDryRun: boolean,
  body: Json,
): Promise<void> {
  const node = asText(body['Node']);
  const before = isDryRun ? undefined : await fingerprint(to, node);
  const written = taken.written;
  await attempt(taken, name, isDryRun, () => to.put('/v1/catalog/register', printJson(body)));
  if (before === undefined || taken.written === written) return;
  if (!isDeepStrictEqual(before, await fingerprint(to, node))) return;
  taken.written -= 1;
  taken.unchanged += 1;
}

async function fingerprint(to: AgentClient, node: string): Promise<unknown> {
  const services = asRecord(await getOr(to, `/v1/catalog/node-services/${segment(node)}`, {}));
  return [services, await getOr(to, `/v1/health/node/${segment(node)}`, [])];
}

async function importQueries(options: ImportOptions, report: ImportReport): Promise<void> {
  const { to, isDryRun } = options;
  const taken = report.of('Prepared queries');
  const present = asList(await getOr(to, '/v1/query', [])).map(asRecord);
  for (const query of asList(await read(options, report, '/v1/query', [])).map(asRecord)) {
    const { ID: _id, Token: token, Session: session, ...rest } = withoutFrame(query);
    const name = asText(query['Name']) || asText(query['ID']);
    if (asText(session) !== '') {
      report.left.push(`the prepared query ${name}: it ends with a session of the other cluster`);
      continue;
    }
    if (asText(token) !== '') report.left.push(`the token of the prepared query ${name}`);
    const there = present.find((each) => asText(each['Name']) === asText(query['Name']));
    const same = there && withoutQueryFrame(there);
    if (same && isDeepStrictEqual(same, rest)) taken.unchanged += 1;
    else if (there)
      await attempt(taken, name, isDryRun, () => to.put(`/v1/query/${segment(asText(there['ID']))}`, printJson(rest)));
    else
      await attempt(taken, name, isDryRun, async () => {
        const answer = await to.request({ method: 'POST', path: '/v1/query', body: printJson(rest) });
        if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, answer.body.toString());
      });
  }
}

function withoutQueryFrame(query: Json): Json {
  const { ID: _id, Token: _token, Session: _session, ...rest } = withoutFrame(query);
  return rest;
}

/** What has no place here, or cannot be read from outside. */
async function tellTheRest(options: ImportOptions, report: ImportReport): Promise<void> {
  const lists: readonly (readonly [string, string])[] = [
    ['/v1/acl/policies', 'ACL policies'],
    ['/v1/acl/roles', 'ACL roles'],
    ['/v1/acl/tokens', 'ACL tokens'],
    ['/v1/acl/auth-methods', 'ACL auth methods'],
    ['/v1/acl/binding-rules', 'ACL binding rules'],
    ['/v1/peerings', 'peerings: establish them anew'],
    ['/v1/session/list', 'sessions: they belong to the cluster that made them'],
  ];
  for (const [path, what] of lists) {
    const count = asList(await read(options, report, path, [])).length;
    if (count > 0) report.left.push(`${count} ${what}`);
  }
  await tellOfTrust(options, report);
}

/** Roots are of no use without their keys, but identities can stay as they are (docs/import-from-consul.md, "Certificates"). */
async function tellOfTrust(options: ImportOptions, report: ImportReport): Promise<void> {
  const roots = asRecord(await read(options, report, '/v1/connect/ca/roots', {}));
  const count = asList(roots['Roots']).length;
  if (count === 0) return;
  const there = asText(roots['TrustDomain']);
  const here = asText(asRecord(await getOr(options.to, '/v1/connect/ca/roots', {}))['TrustDomain']);
  const domains =
    here === there
      ? `the trust domain ${there} is the same here, so that identities stay`
      : `to keep identities, start this mesh anew with connect.ca_config.cluster_id = "${there.replace(/\.consul$/, '')}"`;
  report.left.push(
    `${count} CA roots of the trust domain ${there}: their keys cannot be read; workloads get certificates of this mesh's own authority when their proxies connect; ${domains}`,
  );
}

/** An answer of the agent that is written to; `absent` where there is nothing. */
async function getOr(client: AgentClient, path: string, absent: unknown, query: Query = {}): Promise<unknown> {
  try {
    return (await client.get(path, query)) ?? absent;
  } catch (thrown) {
    if (thrown instanceof AgentError && thrown.status === 404) return absent;
    throw thrown;
  }
}

/** An answer of the Consul; what it refuses to show is noted, and counts as absent. */
async function read(
  { from }: ImportOptions,
  report: ImportReport,
  path: string,
  absent: unknown,
  query: Query = {},
): Promise<unknown> {
  try {
    return await getOr(from, path, absent, query);
  } catch (thrown) {
    if (!(thrown instanceof AgentError) || thrown.status === 0) throw thrown;
    if (!isWithoutFeature(thrown)) report.left.push(`what ${path} would show: ${thrown.message}`);
    return absent;
  }
}

/** An older Consul does not know all kinds, and where ACLs are off there are none to show. */
const isWithoutFeature = ({ answer }: AgentError): boolean =>
  /invalid config entry kind|ACL support disabled|peering is disabled/i.test(answer);

async function attempt(
  taken: ReturnType<ImportReport['of']>,
  name: string,
  isDryRun: boolean,
  write: () => Promise<unknown>,
): Promise<boolean> {
  try {
    if (!isDryRun) await write();
    taken.written += 1;
    return true;
  } catch (thrown) {
    if (thrown instanceof AgentError && thrown.status === 0) throw thrown;
    taken.refused.push({ name, reason: messageOf(thrown).replaceAll(/\s+/g, ' ') });
    return false;
  }
}

const FRAME = new Set(['CreateIndex', 'ModifyIndex', 'Hash', 'RaftIndex', 'Status']);

/** An object without what the other cluster added, and without the only namespace and partition there is. */
function withoutFrame(entry: Json): Json {
  const isCheck = 'CheckID' in entry;
  return Object.fromEntries(
    Object.entries(entry).filter(([name, value]) => {
      if ((name === 'Namespace' || name === 'Partition') && (value === 'default' || value === '')) return false;
      return !FRAME.has(name) || (isCheck && name === 'Status');
    }),
  );
}
