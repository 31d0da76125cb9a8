import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { ROOTS_SECRET } from '../spec.js';

/** The trusted roots, old and new, as the validation context of every TLS socket. */
export const rootsSecret: Builder<object> = (view) => {
  const roots = view.range('ca-roots', 'all', []);
  if (roots.length === 0) return undefined;
  const bundle = roots.map((root) => root.rootCertPem).join('');
  const any = packAny('envoy.extensions.transport_sockets.tls.v3.Secret', {
    name: ROOTS_SECRET,
    validation_context: { trusted_ca: { inline_string: bundle } },
  });
  return { name: ROOTS_SECRET, any };
};
