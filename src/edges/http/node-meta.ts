import type { NodeRecord } from '../../model/index.js';
import type { ApiRequest } from './route.js';

/** Whether a node has every `?node-meta=key:value` of the request; a pair without a colon asks for an empty value. */
export function hasNodeMeta(request: ApiRequest, node: Pick<NodeRecord, 'meta'> | undefined): boolean {
  return request.query.all('node-meta').every((pair) => {
    const colon = pair.indexOf(':');
    const key = colon < 0 ? pair : pair.slice(0, colon);
    return node?.meta[key] === (colon < 0 ? '' : pair.slice(colon + 1));
  });
}

/** Whether an instance has every `?tag=` of the request, in any case. */
export function hasTags(request: ApiRequest, tags: readonly string[]): boolean {
  const wanted = request.query.all('tag').filter((tag) => tag !== '');
  if (wanted.length === 0) return true;
  const folded = new Set(tags.map((tag) => tag.toLowerCase()));
  return wanted.every((tag) => folded.has(tag.toLowerCase()));
}
