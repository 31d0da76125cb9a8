import { AppError } from '../../core/errors/index.js';
import { canonicalJson } from '../../core/canonical-json.js';
import { sha256Hex } from '../../core/hash.js';
import { meshNameProblem, nameProblem } from '../../core/name-problem.js';
import { type WireProblem, asObject, foldedName, kindOf, tryDecode } from '../wire/index.js';
import { apiGateway } from './api-gateway.js';
import { BOUND_API_GATEWAY } from './bound-api-gateway.js';
import type { ConfigEntry, ConfigEntryKind, ConfigEntryKinds } from './config-entry.js';
import { requestLimit } from './control-plane-request-limit.js';
import { exportedServices } from './exported-services.js';
import { fileSystemCertificate } from './file-system-certificate.js';
import { httpRoute } from './http-route.js';
import { ingressGateway } from './ingress-gateway.js';
import { inlineCertificate } from './inline-certificate.js';
import { jwtProvider } from './jwt-provider.js';
import { mesh } from './mesh.js';
import { proxyDefaults } from './proxy-defaults.js';
import type { EntryKind } from './entry-kind.js';
import type { EntryAccess, Requirement } from './rules/requirement.js';
import { patternBudgetProblem } from './rules/pattern-budget.js';
import { listedProblems } from './rules/problems.js';
import { serviceDefaults } from './service-defaults.js';
import { serviceIntentions } from './service-intentions.js';
import { serviceResolver } from './service-resolver.js';
import { serviceRouter } from './service-router.js';
import { serviceSplitter } from './service-splitter.js';
import { tcpRoute } from './tcp-route.js';
import { terminatingGateway } from './terminating-gateway.js';

const kinds: { readonly [Kind in ConfigEntryKind]: EntryKind<ConfigEntryKinds[Kind]> } = {
  'proxy-defaults': proxyDefaults,
  'service-defaults': serviceDefaults,
  'service-router': serviceRouter,
  'service-splitter': serviceSplitter,
  'service-resolver': serviceResolver,
  'service-intentions': serviceIntentions,
  'ingress-gateway': ingressGateway,
  'terminating-gateway': terminatingGateway,
  'api-gateway': apiGateway,
  'http-route': httpRoute,
  'tcp-route': tcpRoute,
  'inline-certificate': inlineCertificate,
  'file-system-certificate': fileSystemCertificate,
  mesh,
  'exported-services': exportedServices,
  'jwt-provider': jwtProvider,
  'control-plane-request-limit': requestLimit,
};

/** The kind that the free edition of Consul knows by name only. */
const SAMENESS_GROUP = 'sameness-group';

export const configEntryKinds = Object.keys(kinds) as readonly ConfigEntryKind[];

/** Whether entries of this kind can be stored. */
export function isConfigEntryKind(kind: string): kind is ConfigEntryKind {
  return Object.hasOwn(kinds, kind);
}

/**
 * The kind, or AppError: `permissionDenied` for what only the server makes, `unsupported` for sameness groups, `invalidArgument` for
 * all others.
 */
export function knownConfigEntryKind(kind: string): ConfigEntryKind {
  if (isConfigEntryKind(kind)) return kind;
  if (kind === BOUND_API_GATEWAY)
    throw new AppError(
      'permissionDenied',
      `Permission denied: ${BOUND_API_GATEWAY} entries are made by the server; write api-gateway and its routes`,
    );
  if (kind === SAMENESS_GROUP) throw new AppError('unsupported', 'sameness-groups are an enterprise-only feature');
  throw new AppError('invalidArgument', `invalid config entry kind: ${kind}`);
}

/** Whether this is a kind of Consul that can be asked for but of which nothing can ever be stored. */
export function isEmptyConfigEntryKind(kind: string): boolean {
  return kind === SAMENESS_GROUP;
}

/**
 * A body (JSON, or decoded HCL) as a typed, normalised and validated entry. Throws AppError with Consul's texts:
 * `Request decoding failed: …` for what is not an entry, the rule's own text for what breaks one.
 */
export function decodeConfigEntry(body: unknown, options: { readonly hclBlocks?: boolean } = {}): ConfigEntry {
  const kind = bodyKind(body);
  return decodeKind(kinds[kind] as EntryKind<ConfigEntry>, body, options);
}

/** Entries that are known to be normalised and valid: a write asks several times, and a large one takes long. */
const checkedEntries = new WeakSet<ConfigEntry>();

/** Normalises and validates an entry that is typed already, and does not change any more. Throws AppError('invalidArgument'). */
export function checkedConfigEntry(entry: ConfigEntry): ConfigEntry {
  if (checkedEntries.has(entry)) return entry;
  const { normalize, validate } = kinds[entry.kind] as EntryKind<ConfigEntry>;
  const normalized = normalize(entry);
  const problem = entryNameProblem(normalized) ?? patternBudgetProblem(normalized) ?? validate(normalized);
  if (problem !== undefined) throw new AppError('invalidArgument', problem);
  checkedEntries.add(normalized);
  return normalized;
}

const GATEWAY_KINDS: ReadonlySet<string> = new Set([
  'ingress-gateway',
  'terminating-gateway',
  'http-route',
  'tcp-route',
]);

/** The services that a gateway leads to because of an entry. */
function configEntryServices(entry: ConfigEntry): readonly string[] {
  return entry.kind === 'terminating-gateway'
    ? (entry.services ?? []).map(({ name }) => name)
    : configEntryReferences(entry);
}

/** The names by which an entry says where it belongs to or what it uses: gateways and their listeners, certificates. */
function referredNames(entry: ConfigEntry): readonly string[] {
  const references =
    entry.kind === 'http-route' || entry.kind === 'tcp-route'
      ? (entry.parents ?? [])
      : entry.kind === 'api-gateway'
        ? entry.listeners.flatMap(({ tls }) => tls.certificates ?? [])
        : [];
  return references.flatMap(({ name, sectionName }) => [name, sectionName]);
}

/** Names are parts of keys: the entry's own, those of an intention's callers, of what a gateway leads to, and of what is referred to. */
function entryNameProblem(entry: ConfigEntry): string | undefined {
  const sources = entry.kind === 'service-intentions' ? entry.sources.map(({ name }) => name) : [];
  const isService = entry.kind.startsWith('service-');
  const own = isService ? meshNameProblem(entry.name) : nameProblem(entry.name);
  const linked = GATEWAY_KINDS.has(entry.kind) ? configEntryServices(entry) : [];
  const others = [...[...sources, ...referredNames(entry)].map(nameProblem), ...linked.map(meshNameProblem)];
  const problem = own ?? others.find((found) => found !== undefined);
  return problem && `Name ${problem}`;
}

/** The entry in Consul's spelling, without hash and indexes. */
export function encodeConfigEntry(entry: ConfigEntry): Record<string, unknown> {
  return (kinds[entry.kind] as EntryKind<ConfigEntry>).schema.encode(entry) as Record<string, unknown>;
}

/** Rights that reading or writing this entry needs. */
export function configEntryRequires(entry: ConfigEntry, access: EntryAccess): readonly Requirement[] {
  return (kinds[entry.kind] as EntryKind<ConfigEntry>).requires(entry, access);
}

/** Names of other services that this entry speaks of, sorted. */
export function configEntryReferences(entry: ConfigEntry): readonly string[] {
  return (kinds[entry.kind] as EntryKind<ConfigEntry>).references(entry);
}

/** A write is tried before it is carried out, with the same entry. */
const hashes = new WeakMap<ConfigEntry, string>();

/**
 * Content hash as a decimal unsigned 64 bit number: equal entries, equal hash, on every server. Fields that were never given and
 * fields that were given empty count the same.
 */
export function configEntryHash(entry: ConfigEntry): string {
  let hash = hashes.get(entry);
  if (hash === undefined) hashes.set(entry, (hash = contentHash(entry)));
  return hash;
}

function contentHash(entry: ConfigEntry): string {
  const fields = Object.entries(encodeConfigEntry(entry)).filter(([, value]) => !isEmptyValue(value));
  return BigInt(`0x${sha256Hex(canonicalJson(Object.fromEntries(fields)), 16)}`).toString();
}

function isEmptyValue(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function decodeKind(
  kind: EntryKind<ConfigEntry>,
  body: unknown,
  options: { readonly hclBlocks?: boolean },
): ConfigEntry {
  const decoded = tryDecode(kind.schema, body, options);
  if (!decoded.ok)
    throw new AppError('invalidArgument', `Request decoding failed: ${decodingProblems(decoded.problems)}`);
  return checkedConfigEntry(decoded.value);
}

function decodingProblems(problems: readonly WireProblem[]): string {
  const texts = problems.map(({ type, path, problem }) =>
    type === 'unknownField' ? `invalid config key "${path}"` : `"${path}" ${problem}`,
  );
  return listedProblems(texts) ?? '';
}

/** The kind of a body; a kind that nobody knows is a body that cannot be decoded. */
function bodyKind(body: unknown): ConfigEntryKind {
  const kind = kindOfBody(body);
  if (isConfigEntryKind(kind) || [BOUND_API_GATEWAY, SAMENESS_GROUP].includes(kind)) return knownConfigEntryKind(kind);
  throw new AppError('invalidArgument', `Request decoding failed: invalid config entry kind: ${kind}`);
}

function kindOfBody(body: unknown): string {
  const problems: WireProblem[] = [];
  const fields = asObject(body, '', { problems, hclBlocks: false });
  if (problems.length > 0)
    throw new AppError('invalidArgument', `Request decoding failed: the body must be an object, not ${kindOf(body)}`);
  const kind = Object.entries(fields).find(([name]) => foldedName(name) === 'kind')?.[1];
  if (typeof kind !== 'string' || kind === '')
    throw new AppError(
      'invalidArgument',
      'Request decoding failed: Payload does not contain a kind/Kind key at the top level',
    );
  return kind;
}
