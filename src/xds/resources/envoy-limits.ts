import { deepEqual } from '../../core/index.js';
import { checkFormat } from '../../lang/envoy-format/index.js';
import { entryOf, isHttpLike } from '../../mesh/discovery-chain/index.js';
import { type ProxyReference, type ResolvedProxy, proxyKey, resolvedProxyCell } from '../../mesh/proxy/index.js';
import type { MeshView } from '../../model/index.js';
import { accessLogFormats } from '../../model/config-entries/rules/access-logs.js';
import { NEWEST_KNOWN_MINOR, envoyRelease, hasCapability, knowsFormat, unenforceable } from './capabilities/index.js';

/** A proxy as far as its Envoy goes. */
export interface LimitedProxy {
  /** Without the settings that it does not know, which are harmless. */
  readonly proxy: ResolvedProxy;
  /** Its callers cannot be held to the intentions of now: what it has of them stays. */
  readonly keepsRules: boolean;
  /** What of its configuration its Envoy does not get, as sentences. */
  readonly problems: readonly string[];
}

/** A proxy's effective settings for the Envoy that it runs (empty: not known, taken for a new one); undefined as for the cell. */
export function limitedProxy(
  view: MeshView,
  reference: ProxyReference,
  envoyVersion: string,
): LimitedProxy | undefined {
  const proxy = view.cell(resolvedProxyCell, proxyKey(reference));
  if (proxy === undefined) return undefined;
  const logs = logProblems(view, proxy, envoyVersion);
  const rules = ruleProblems(view, proxy, envoyVersion);
  const minor = envoyRelease(envoyVersion)?.minor ?? NEWEST_KNOWN_MINOR;
  const plain = logs.length > 0 ? view.cell(resolvedProxyCell, proxyKey({ ...reference, plainLogs: true })) : proxy;
  return {
    proxy: minor < NEWEST_KNOWN_MINOR ? { ...(plain ?? proxy), formatsUpTo: minor } : (plain ?? proxy),
    keepsRules: rules.length > 0,
    problems: [...logs, ...rules],
  };
}

/** One format that it does not know, and an Envoy refuses all its listeners. */
function logProblems(view: MeshView, { accessLogs }: ResolvedProxy, envoyVersion: string): string[] {
  if (!accessLogs?.enabled) return [];
  const problems = accessLogFormats(accessLogs).flatMap((format) => {
    const wrong = checkFormat(format, 'access log');
    if (wrong !== undefined) return [wrong];
    return knowsFormat(envoyVersion, format) ? [] : [`Envoy ${envoyVersion} does not know all of "${format}"`];
  });
  const isCommon = deepEqual(entryOf(view, 'proxy-defaults', 'global')?.accessLogs, accessLogs);
  const where = isCommon ? 'of proxy-defaults/global' : 'of the registration';
  return problems.map((problem) => `access logs ${where} have the usual format: ${problem}`);
}

function ruleProblems(view: MeshView, { service, protocol }: ResolvedProxy, envoyVersion: string): string[] {
  // Only those that it makes a difference to read the intentions here, and are looked at again when these change.
  if (hasCapability(envoyVersion, 'regexOverBytes') || !isHttpLike(protocol)) return [];
  const entry = entryOf(view, 'service-intentions', service);
  return (entry ? unenforceable(entry, envoyVersion) : []).map(
    ({ problem }) => `service-intentions/${service} is not carried out, what was there before stays: ${problem}`,
  );
}
