import type { RequestLimitEntry } from './control-plane-request-limit.js';
import type { ExportedServicesEntry } from './exported-services.js';
import type { JwtProviderEntry } from './jwt-provider.js';
import type { MeshEntry } from './mesh.js';
import type { ProxyDefaultsEntry } from './proxy-defaults.js';
import type { ServiceDefaultsEntry } from './service-defaults.js';
import type { ServiceIntentionsEntry } from './service-intentions.js';
import type { ServiceResolverEntry } from './service-resolver.js';
import type { ServiceRouterEntry } from './service-router.js';
import type { ServiceSplitterEntry } from './service-splitter.js';
import type { TerminatingGatewayEntry } from './terminating-gateway.js';

/** Every kind of entry that can be stored, by its `kind`. */
export interface ConfigEntryKinds {
  'proxy-defaults': ProxyDefaultsEntry;
  'service-defaults': ServiceDefaultsEntry;
  'service-router': ServiceRouterEntry;
  'service-splitter': ServiceSplitterEntry;
  'service-resolver': ServiceResolverEntry;
  'service-intentions': ServiceIntentionsEntry;
  'terminating-gateway': TerminatingGatewayEntry;
  mesh: MeshEntry;
  'exported-services': ExportedServicesEntry;
  'jwt-provider': JwtProviderEntry;
  'control-plane-request-limit': RequestLimitEntry;
}

export type ConfigEntryKind = keyof ConfigEntryKinds;
export type ConfigEntry = ConfigEntryKinds[ConfigEntryKind];
