import type { ApiGatewayEntry } from './api-gateway.js';
import type { RequestLimitEntry } from './control-plane-request-limit.js';
import type { ExportedServicesEntry } from './exported-services.js';
import type { FileSystemCertificateEntry } from './file-system-certificate.js';
import type { HttpRouteEntry } from './http-route.js';
import type { IngressGatewayEntry } from './ingress-gateway.js';
import type { InlineCertificateEntry } from './inline-certificate.js';
import type { JwtProviderEntry } from './jwt-provider.js';
import type { MeshEntry } from './mesh.js';
import type { ProxyDefaultsEntry } from './proxy-defaults.js';
import type { ServiceDefaultsEntry } from './service-defaults.js';
import type { ServiceIntentionsEntry } from './service-intentions.js';
import type { ServiceResolverEntry } from './service-resolver.js';
import type { ServiceRouterEntry } from './service-router.js';
import type { ServiceSplitterEntry } from './service-splitter.js';
import type { TcpRouteEntry } from './tcp-route.js';
import type { TerminatingGatewayEntry } from './terminating-gateway.js';

/** Every kind of entry that can be stored, by its `kind`. */
export interface ConfigEntryKinds {
  'proxy-defaults': ProxyDefaultsEntry;
  'service-defaults': ServiceDefaultsEntry;
  'service-router': ServiceRouterEntry;
  'service-splitter': ServiceSplitterEntry;
  'service-resolver': ServiceResolverEntry;
  'service-intentions': ServiceIntentionsEntry;
  'ingress-gateway': IngressGatewayEntry;
  'terminating-gateway': TerminatingGatewayEntry;
  'api-gateway': ApiGatewayEntry;
  'http-route': HttpRouteEntry;
  'tcp-route': TcpRouteEntry;
  'inline-certificate': InlineCertificateEntry;
  'file-system-certificate': FileSystemCertificateEntry;
  mesh: MeshEntry;
  'exported-services': ExportedServicesEntry;
  'jwt-provider': JwtProviderEntry;
  'control-plane-request-limit': RequestLimitEntry;
}

export type ConfigEntryKind = keyof ConfigEntryKinds;
export type ConfigEntry = ConfigEntryKinds[ConfigEntryKind];
