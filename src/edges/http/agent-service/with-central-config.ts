import type { LocalService } from '../../../agent/index.js';
import { mergeCentralConfig } from '../../../discovery/catalog/index.js';
import type { ApiRequest } from '../route.js';

/** A local proxy as it looks with central configuration, which is how the agent shows it. */
export function withCentralConfig({ deps }: ApiRequest, service: LocalService): LocalService {
  return mergeCentralConfig(deps.store.view, service);
}
