import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { activeExtension, type ExtensionUse } from './extension-use.js';

export interface ExtensionClusterInput {
  readonly name: string;
  readonly use: ExtensionUse;
}

/** The cluster of a server beside the proxy that an extension's filter talks to. */
export const extensionCluster: Builder<ExtensionClusterInput> = (view, { name, use }) => {
  const extension = activeExtension(view, use);
  const target = extension?.kind.target?.(extension.args);
  if (target?.type !== 'local') return undefined;
  return { name, any: packAny('envoy.config.cluster.v3.Cluster', { ...target.cluster, name }), entries: [use.entry] };
};
