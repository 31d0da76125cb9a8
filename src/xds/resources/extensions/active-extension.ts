import type { AnyExtensionKind } from './extension.js';

/** An extension that is applied to a resource. */
export interface ActiveExtension {
  readonly kind: AnyExtensionKind;
  /** Of the kind's own type. */
  readonly args: unknown;
  readonly required: boolean;
  /** It is the owner of an upstream who asks for it, not the proxy's own service. */
  readonly ofUpstream: boolean;
  /** Empty when it has no target. */
  readonly targetCluster: string;
  /** `builtin/lua of service-defaults/web`, for sentences. */
  readonly label: string;
}
