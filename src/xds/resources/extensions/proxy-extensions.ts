import { CONSUL_VERSION, meetsVersionConstraint } from '../../../core/index.js';
import type { MeshView } from '../../../model/index.js';
import { type ExtensionEntry, entryExtensionsCell } from './entry-extensions.js';
import { usesHttp2 } from '../clusters/http2-options.js';
import type { AnyExtensionKind, ExtensionTarget } from './extension.js';
import type { ExtensionUse } from './extension-use.js';
import type { ReadExtension } from './read-extension.js';
import { extensionKinds } from './registry.js';

/** Whose extensions are wanted, and what decides which of them count. */
export interface ExtensionsOfProxy {
  readonly service: string;
  /** Of the connected Envoy; empty when it is not known: then no constraint on it is met. */
  readonly envoyVersion: string;
  /** The one cluster of the proxy's upstream with this service; undefined when there is none such, or it has several. */
  readonly upstreamCluster: (service: string) => UpstreamCluster | undefined;
}

/** Where an upstream's requests go. */
export interface UpstreamCluster {
  readonly name: string;
  /** tcp, http, http2 or grpc. */
  readonly protocol: string;
}

/** A cluster beside the proxy that an extension of it needs. */
export interface ExtensionClusterNeed {
  readonly name: string;
  readonly use: ExtensionUse;
}

/** The extensions that count for a proxy, or for one of its upstreams. */
export interface ResolvedExtensions {
  /** In the order in which they are applied. */
  readonly uses: readonly ExtensionUse[];
  readonly clusters: readonly ExtensionClusterNeed[];
  /** Why some are left out, as sentences. */
  readonly problems: readonly string[];
  /** Why a required one cannot be carried out: then nothing may be served without it. */
  readonly blocked?: string;
}

/** A sidecar's own extensions: those of proxy-defaults, then those of its service (consul-behaviour 6.12). */
export function proxyExtensions(view: MeshView, proxy: ExtensionsOfProxy): ResolvedExtensions {
  const resolution = new Resolution(proxy);
  for (const entry of ['proxy-defaults/global', `service-defaults/${proxy.service}`] as const)
    for (const extension of view.cell(entryExtensionsCell, entry)) resolution.add(entry, extension, 'own');
  return resolution.result();
}

/** What the owner of an upstream asks of its callers' traffic to it. */
export function upstreamExtensions(view: MeshView, upstream: string, proxy: ExtensionsOfProxy): ResolvedExtensions {
  const entry = `service-defaults/${upstream}` as const;
  const resolution = new Resolution(proxy, upstream);
  for (const extension of view.cell(entryExtensionsCell, entry)) resolution.add(entry, extension, 'callers');
  return resolution.result();
}

type UpstreamTarget = Extract<ExtensionTarget, { readonly type: 'upstream' }>;

const SIDECAR = 'connect-proxy';

class Resolution {
  readonly #proxy: ExtensionsOfProxy;
  readonly #upstream: string | undefined;
  readonly #uses: ExtensionUse[] = [];
  readonly #clusters: ExtensionClusterNeed[] = [];
  /** Content of each cluster by name, so that equal ones are one and different ones have different names. */
  readonly #contents = new Map<string, string>();
  readonly #problems: string[] = [];
  #blocked: string | undefined;

  constructor(proxy: ExtensionsOfProxy, upstream?: string) {
    this.#proxy = proxy;
    this.#upstream = upstream;
  }

  add(entry: ExtensionEntry, extension: ReadExtension, changes: AnyExtensionKind['changes']): void {
    const kind = extensionKinds.get(extension.name);
    // What nobody knows is reported where it would be applied: on the proxies of its service.
    if (kind === undefined ? changes === 'callers' : kind.changes !== changes) return;
    const label = `${extension.name} of ${entry}`;
    const skipped = kind && this.#versionProblem(kind, extension);
    if (kind === undefined || extension.problems.length > 0) {
      return this.#fail(extension, `${label} is left out: ${extension.problems.join('; ')}`);
    }
    if (skipped !== undefined) {
      this.#problems.push(`${label} is left out: ${skipped}`);
      return;
    }
    if (kind.proxyType(extension.args) !== SIDECAR) return;
    const use = { entry, hash: extension.hash, ...(this.#upstream === undefined ? {} : { upstream: this.#upstream }) };
    const target = kind.target?.(extension.args);
    if (target === undefined) this.#uses.push(use);
    else if (target.type === 'local') this.#uses.push(this.#withCluster(use, target.clusterName, target.cluster));
    else {
      const cluster = this.#proxy.upstreamCluster(target.service);
      const problem = this.#targetProblem(target, cluster);
      if (problem !== undefined) this.#fail(extension, `${label} is left out: ${problem}`);
      else this.#uses.push({ ...use, cluster: cluster?.name ?? '' });
    }
  }

  result(): ResolvedExtensions {
    return {
      uses: this.#uses,
      clusters: this.#clusters,
      problems: this.#problems,
      ...(this.#blocked === undefined ? {} : { blocked: this.#blocked }),
    };
  }

  #targetProblem(target: UpstreamTarget, cluster: UpstreamCluster | undefined): string | undefined {
    const { service, http2 } = target;
    if (cluster === undefined)
      return `it talks to "${service}", which is not an upstream of ${this.#proxy.service} with one cluster: add that upstream`;
    return http2 && !usesHttp2(cluster.protocol)
      ? `it talks to "${service}" over gRPC, whose protocol is ${cluster.protocol}: set Protocol to grpc in its service-defaults`
      : undefined;
  }

  #fail({ required }: ReadExtension, problem: string): void {
    this.#problems.push(problem);
    if (required) this.#blocked ??= problem;
  }

  /** Why this Envoy, or this version of the API, is not meant; undefined when it is. */
  #versionProblem(kind: AnyExtensionKind, { envoyVersion, consulVersion }: ReadExtension): string | undefined {
    const known = this.#proxy.envoyVersion;
    const shown = known === '' ? 'one of unknown version' : known;
    if (!meetsVersionConstraint(CONSUL_VERSION, consulVersion))
      return `it is for Consul ${consulVersion}, and this is ${CONSUL_VERSION}`;
    if (!meetsVersionConstraint(known, envoyVersion))
      return `it is for Envoy ${envoyVersion}, and this one is ${shown}`;
    return meetsVersionConstraint(known, known === '' ? '' : (kind.envoyVersion ?? ''))
      ? undefined
      : `it needs Envoy ${kind.envoyVersion}, and this one is ${shown}`;
  }

  #withCluster(use: ExtensionUse, wanted: string, content: object): ExtensionUse {
    const text = JSON.stringify(content);
    let name = wanted;
    for (let count = 2; (this.#contents.get(name) ?? text) !== text; count++) name = `${wanted}_${count}`;
    if (!this.#contents.has(name)) this.#clusters.push({ name, use });
    this.#contents.set(name, text);
    return { ...use, cluster: name };
  }
}
