import type { Cell, ExposePath } from '../../model/index.js';
import { nodeKey } from '../../model/index.js';
import { resolvedProxyCell } from './resolve-proxy.js';

/**
 * What a sidecar opens to callers without a certificate: the paths it is told to, and those that the checks of its service look at
 * while they go through it (consul-behaviour 2.4, 2.5). Key: `proxyKey`.
 */
export const exposedPathsCell: Cell<readonly ExposePath[]> = {
  kind: 'exposed-paths',
  compute(view, key) {
    const proxy = view.cell(resolvedProxyCell, key);
    if (proxy === undefined) return [];
    const { paths, checks } = proxy.expose;
    const serviceId = proxy.settings.destinationServiceId;
    if (!checks || serviceId === '') return paths;
    const looks = view.range('checks', 'byInstance', [nodeKey(proxy.node), serviceId]).flatMap((check) => {
      const { exposed, exposedPort } = check;
      if (exposed === undefined || exposedPort === 0) return [];
      const { path, port: localPathPort, protocol } = exposed;
      return [{ listenerPort: exposedPort, path, localPathPort, protocol, parsedFromCheck: true }];
    });
    return [...paths, ...looks];
  },
};
