import type { MeshView } from '../../../model/index.js';

/** The spellings under which a service is registered, that in lower case among them. */
export function namesOfService(view: MeshView, service: string): readonly string[] {
  const registered = view.range('services', 'byFoldedName', [service]).map((row) => row.service);
  return [...new Set([service, ...registered])];
}
