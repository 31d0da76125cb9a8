import { AppError } from '../../../core/index.js';
import type { KeyringChange, MemberKeys } from '../../../discovery/operator/index.js';
import { type Field, object, text as textField } from '../../../model/wire/index.js';
import { badRequest, empty, json } from '../answers.js';
import { readBodyAs } from '../json-body.js';
import type { ApiAnswer, ApiRequest, HttpMethod, Route } from '../route.js';

export const KEYRING_PATH = '/v1/operator/keyring';

const route = (method: HttpMethod, handle: Route['handle']): Route => ({
  method,
  path: KEYRING_PATH,
  acl: { resource: 'keyring', access: method === 'GET' ? 'read' : 'write', scope: 'any' },
  blocking: false,
  handle,
});

/** The cluster keys of all members (consul-behaviour.md 1.11). */
export const keyringRoutes: readonly Route[] = [
  route('GET', listKeys),
  route('POST', changeKeys('install')),
  route('PUT', changeKeys('use')),
  route('DELETE', changeKeys('remove')),
];

const NO_KEY = 'Keyring is empty (encryption not enabled)';

async function listKeys(request: ApiRequest): Promise<ApiAnswer> {
  const localOnly = readOptions(request);
  const { keyring } = request.deps;
  if (keyring === undefined) return badRequest(errorsOf(request, [withoutKey(request)], 1));
  const members = await keyring.list();
  const { datacenter } = request.config;
  const servers = members.filter(({ isServer }) => isServer);
  const local = encode(members, datacenter, false);
  return json(localOnly ? [local] : [encode(servers, datacenter, true), local]);
}

const keyField: Field<{ readonly key: string }> = object<{ readonly key: string }>({ key: textField() });

function changeKeys(change: KeyringChange): Route['handle'] {
  return async (request) => {
    if (readOptions(request)) badRequest('local-only is for listing keys: a change is for all members');
    const { key } = await readBodyAs(request, keyField);
    const invalid = keyProblem(key);
    const { keyring } = request.deps;
    const { datacenter } = request.config;
    if (invalid !== undefined)
      return badRequest(`2 errors occurred:\n\t* WAN error: ${invalid}\n\t* ${datacenter} (LAN) error: ${invalid}\n\n`);
    if (keyring === undefined) return badRequest(errorsOf(request, [withoutKey(request)], 1));
    const members = await keyring.change(change, key);
    const failed = members.filter(({ problem }) => problem !== undefined);
    if (failed.length === 0) return empty();
    throw new AppError('invalidArgument', errorsOf(request, failed, members.length));
  };
}

/** What a pool of members has, as Consul counts it. */
function encode(members: readonly MemberKeys[], datacenter: string, wan: boolean): Record<string, unknown> {
  const problems = members.flatMap(({ node, problem }) =>
    problem === undefined ? [] : [[wan ? `${node}.${datacenter}` : node, problem] as const],
  );
  return {
    WAN: wan,
    Datacenter: datacenter,
    Segment: '',
    ...(problems.length > 0 && { Messages: Object.fromEntries(problems) }),
    Keys: countOf(members.flatMap(({ keys }) => keys)),
    PrimaryKeys: countOf(members.flatMap(({ primary }) => primary ?? [])),
    NumNodes: members.length,
  };
}

function countOf(keys: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Whether only the local pool is asked for. Throws AppError('invalidArgument'). */
function readOptions({ query }: ApiRequest): boolean {
  const given = query.get('relay-factor');
  if (given !== '' && !/^[0-5]$/.test(given)) badRequest('Error parsing relay factor: it must be a number from 0 to 5');
  const localOnly = query.get('local-only').toLowerCase();
  if (!['', '1', 't', 'true', '0', 'f', 'false'].includes(localOnly))
    badRequest('Error parsing local-only: it must be true or false');
  return ['1', 't', 'true'].includes(localOnly);
}

function keyProblem(key: string): string | undefined {
  if (key === '' || /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(key)) return undefined;
  const at = /[^A-Za-z0-9+/]/.exec(key)?.index ?? Math.floor(key.length / 4) * 4;
  return `illegal base64 data at input byte ${at}`;
}

const withoutKey = ({ config }: ApiRequest): MemberKeys => ({
  ...{ node: config.nodeName, isServer: true, keys: [], problem: NO_KEY },
});

/** Which members failed, by pool; the servers are both. `of` = how many members there are. */
function errorsOf({ config, deps }: ApiRequest, failed: readonly MemberKeys[], of: number): string {
  const { datacenter } = config;
  const servers = failed.filter(({ isServer }) => isServer);
  const allServers = Math.max(deps.servers().length, servers.length);
  const lines = [
    ...(servers.length > 0 ? [`WAN error: ${servers.length}/${allServers} nodes reported failure`] : []),
    ...servers.map(({ node, problem }) => `${node}.${datacenter}: ${problem}`),
    `${datacenter} (LAN) error: ${failed.length}/${of} nodes reported failure`,
    ...failed.map(({ node, problem }) => `${node}: ${problem}`),
  ];
  return `${lines.length} errors occurred:\n${lines.map((line) => `\t* ${line}\n`).join('')}\n`;
}
