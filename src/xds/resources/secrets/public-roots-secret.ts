import { publicRoots } from '../../../core/public-roots.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { PUBLIC_ROOTS_SECRET } from '../spec.js';

/** The public authorities, as the validation context of connections to servers outside of the mesh. */
export const publicRootsSecret: Builder<object> = () => ({
  name: PUBLIC_ROOTS_SECRET,
  any: packAny('envoy.extensions.transport_sockets.tls.v3.Secret', {
    name: PUBLIC_ROOTS_SECRET,
    validation_context: { trusted_ca: { inline_string: publicRoots() } },
  }),
});
