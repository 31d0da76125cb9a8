import {
  configEntryCell,
  configEntryListCell,
  configEntryListKey,
  configEntryNotFound,
} from '../../../discovery/config/index.js';
import { entryNotes } from '../../../discovery/proxies/index.js';
import { type ConfigEntryRecord, configEntryKey, knownConfigEntryKind } from '../../../model/index.js';
import type { EntryProgress, EntryProxy, ProxyProblem } from '../../../xds/server/index.js';
import { json, text } from '../answers.js';
import { readCell } from '../read.js';
import { limitedCategories } from '../request-limit/request-class.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

const acl = { resource: 'config', access: 'read', scope: 'items' } as const;

/** Our own: what has become of each config entry at the proxies (docs/config-entries.md). */
export const meshEntryRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/mesh/entries', acl, blocking: false, handle: listEntries },
  { method: 'GET', path: '/v1/mesh/entries/', acl, blocking: false, handle: readEntry },
];

async function listEntries(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, configEntryListCell, configEntryListKey());
  const progress = request.deps.propagation.entries();
  const problems = problemsByEntry(request);
  const rows = value.map((record) => {
    const found = problems.get(entryName(record)) ?? [];
    return {
      ...summary(request, record, progress.get(entryName(record))),
      Problems: notesOf(request, record).length + found.length,
    };
  });
  return json(rows, headers);
}

/** `/v1/mesh/entries/:kind/:name`. */
async function readEntry(request: ApiRequest): Promise<ApiAnswer> {
  const slash = request.rest.indexOf('/');
  const kind = slash < 0 ? request.rest : request.rest.slice(0, slash);
  const name = slash < 0 ? '' : request.rest.slice(slash + 1);
  const key = configEntryKey(knownConfigEntryKind(kind), name);
  const { value, headers } = await readCell(request, configEntryCell, key);
  if (value === undefined) return text(404, configEntryNotFound(kind, name), headers);
  const { propagation, store } = request.deps;
  const id = entryName(value);
  const proxies = propagation.proxiesOf(id);
  return json(
    {
      ...summary(request, value, propagation.entries().get(id)),
      Problems: [
        ...notesOf(request, value).map((problem) => ({ Problem: problem, Proxies: [] })),
        ...(problemsByEntry(request).get(id) ?? []).map(({ problem, proxies: concerned }) => ({
          Problem: problem,
          Proxies: concerned.map(({ node, proxyId }) => ({ Node: node, ProxyID: proxyId })),
        })),
      ],
      Refusals: store.view.range('refusals', 'byEntry', [id]).map((refusal) => ({
        Node: refusal.node,
        ProxyID: refusal.proxyId,
        Type: refusal.resourceType,
        Name: refusal.resourceName,
        Version: refusal.version,
        Error: refusal.error,
        At: refusal.at,
        Index: refusal.revision,
      })),
      ProxyStates: proxies.map(encodeProxy),
    },
    headers,
  );
}

const entryName = ({ entry }: ConfigEntryRecord): string => `${entry.kind}/${entry.name}`;

/** An entry that no connected proxy has anything from is accepted wherever it counts. */
function summary(
  { deps }: ApiRequest,
  record: ConfigEntryRecord,
  progress: EntryProgress = { proxies: 0, pending: 0, refused: 0, acceptedIndex: deps.store.index },
): Record<string, unknown> {
  return {
    Kind: record.entry.kind,
    Name: record.entry.name,
    ModifyIndex: record.modifyIndex,
    Proxies: progress.proxies,
    Pending: progress.pending,
    Refused: progress.refused,
    AcceptedIndex: progress.acceptedIndex,
    AcceptedEverywhere:
      progress.pending === 0 && progress.refused === 0 && progress.acceptedIndex >= record.modifyIndex,
  };
}

function encodeProxy(proxy: EntryProxy): Record<string, unknown> {
  return {
    Node: proxy.node,
    ProxyID: proxy.proxyId,
    Service: proxy.service,
    State: proxy.refused ? 'refused' : proxy.pending ? 'pending' : 'accepted',
    AcceptedIndex: proxy.acceptedIndex,
  };
}

function notesOf({ config }: ApiRequest, { entry }: ConfigEntryRecord): readonly string[] {
  return entryNotes(entry, { datacenter: config.datacenter, limitedCategories });
}

interface SharedProblem {
  readonly problem: string;
  readonly proxies: readonly ProxyProblem[];
}

/** Entries in the sentences about proxies: by kind and name, or by the service that they are about. */
const NAMED_ENTRY = /\b([a-z]+(?:-[a-z]+)+)\/([^\s,;:"]+)/g;
const NAMED_SERVICE = /\bof service "([^"]+)"/g;

/** What is wrong with proxies because of an entry, each sentence once with the proxies that it is about. */
function problemsByEntry({ deps }: ApiRequest): ReadonlyMap<string, readonly SharedProblem[]> {
  const bySentence = new Map<string, ProxyProblem[]>();
  for (const one of deps.propagation.problems()) {
    const known = bySentence.get(one.problem);
    if (known) known.push(one);
    else bySentence.set(one.problem, [one]);
  }
  const found = new Map<string, SharedProblem[]>();
  for (const [problem, proxies] of bySentence)
    for (const entry of entriesNamedIn(problem)) found.set(entry, [...(found.get(entry) ?? []), { problem, proxies }]);
  return found;
}

function entriesNamedIn(problem: string): ReadonlySet<string> {
  return new Set([
    ...[...problem.matchAll(NAMED_ENTRY)].map(([whole]) => whole),
    ...[...problem.matchAll(NAMED_SERVICE)].map(([, service]) => `service-defaults/${service}`),
  ]);
}
