import type { QueriedService, StringMap } from '../../model/index.js';
import type { QueriedInstance } from './query-answer.js';

/** Whether a query wants an instance: health, tags and metadata (consul-behaviour.md 1.13). */
export function isSelected({ node, service, checks }: QueriedInstance, wanted: QueriedService): boolean {
  const sick = checks.some(({ status }) => status === 'critical' || (wanted.onlyPassing && status !== 'passing'));
  return (
    !sick &&
    hasTags(service.tags, wanted.tags ?? []) &&
    hasPairs(node.meta, wanted.nodeMeta) &&
    hasPairs(service.meta, wanted.serviceMeta)
  );
}

/** All wanted tags and none of those with `!` in front; case does not count. */
function hasTags(tags: readonly string[], wanted: readonly string[]): boolean {
  const own = new Set(tags.map((tag) => tag.toLowerCase()));
  return wanted.every((tag) => {
    const folded = tag.toLowerCase();
    return folded.startsWith('!') ? !own.has(folded.slice(1)) : own.has(folded);
  });
}

function hasPairs(meta: StringMap, wanted: StringMap | null): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => meta[key] === value);
}
