import type { BootstrapInput } from '../../../src/cli/envoy/index.js';
import { plainInput } from './bootstrap-input.js';

/** What the files of envoy/bootstrap are made from. */
export const templateInputs: Readonly<Record<string, BootstrapInput>> = {
  sidecar: plainInput,
  'sidecar-tls': {
    ...plainInput,
    xds: {
      address: { type: 'tcp', host: 'mesh.example', port: 8503 },
      tls: { caPem: 'ROOT_CERTIFICATES', serverName: '', identityPrefix: 'spiffe://TRUST_DOMAIN/agent/' },
    },
  },
};
