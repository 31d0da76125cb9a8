import { tupleKey, tupleParts } from '../core/index.js';
import { type Cell, nodeKey, serviceKey, type ServiceRecord } from '../model/index.js';
import { type Aliased, type AliasedChecks, aliasedHealth, type CheckResult } from './checks/index.js';
import type { LocalState } from './local-state.js';

/** The health of a service (or node) of another node, as an alias sees it. Key: `aliasedKey`. */
export const aliasedHealthCell: Cell<CheckResult> = {
  kind: 'aliased-health',
  compute(view, key) {
    const [node = '', serviceId = ''] = tupleParts(key);
    const service = serviceId === '' ? undefined : view.get('services', serviceKey(node, serviceId));
    const checks = ['', ...instancesOf(serviceId, service)].flatMap((id) =>
      view.range('checks', 'byInstance', [nodeKey(node), id]),
    );
    const isKnown = serviceId === '' || service !== undefined;
    return aliasedHealth({ node, serviceId }, { isKnown, checks: checks.filter(looksItself) });
  },
};

/**
 * Of another node an alias sees the checks that look themselves, of the service and of the one that it is the proxy of. Aliases there
 * are not followed: two that mirror each other across nodes would keep each other critical for ever.
 */
export const looksItself = ({ type }: { readonly type: string }): boolean => type !== 'alias';

/** The services whose checks say how a service is: itself, and the one that it is the proxy of. */
export function instancesOf(
  serviceId: string,
  service: Pick<ServiceRecord, 'kind' | 'proxy'> | undefined,
): readonly string[] {
  const behind = service?.kind === 'connect-proxy' ? (service.proxy?.destinationServiceId ?? '') : '';
  return [serviceId, behind].filter((id, at, all) => id !== '' && all.indexOf(id) === at);
}

/** The key of `aliasedHealthCell`. */
export const aliasedKey = ({ node, serviceId }: Aliased): string => tupleKey(node, serviceId);

type SeenCheck = AliasedChecks['checks'][number];

/** What a check of this agent mirrors of this agent; undefined for one that looks itself, or at another node. */
export type MirroredHere = (checkId: string) => Aliased | undefined;

/**
 * The health of a service (or of the node) of this agent, as the check `ownId` that mirrors it sees it: known here, whether or not
 * there is a catalog to ask. What others mirror is looked up where it comes from, so that aliases that mirror each other are as well as
 * what there is besides them. Tells at once and at every change; returns what ends it.
 */
export function watchLocalHealth(
  local: LocalState,
  aliased: Aliased,
  ownId: string,
  mirrored: MirroredHere,
  listener: (result: CheckResult) => void,
): () => void {
  const look = (): void => listener(aliasedHealth(aliased, seenHere(local, aliased, ownId, mirrored)));
  const end = local.watch(look);
  look();
  return end;
}

/** The checks of a service and of what they mirror, each thing once. */
function seenHere(local: LocalState, aliased: Aliased, ownId: string, mirrored: MirroredHere): AliasedChecks {
  const checks: SeenCheck[] = [];
  const looked = new Set<string>();
  const lookAt = [aliased.serviceId];
  for (let serviceId = lookAt.pop(); serviceId !== undefined; serviceId = lookAt.pop()) {
    looked.add(serviceId);
    for (const check of local.checks.values()) {
      // Those of the node stand beside those of every service: they are seen the first time.
      const isOfNode = check.serviceId === '' && looked.size === 1;
      if (check.checkId === ownId || !(isOfNode || (check.serviceId !== '' && check.serviceId === serviceId))) continue;
      const source = mirrored(check.checkId);
      if (source === undefined) checks.push(check);
      else if (source.serviceId !== '' && !local.services.has(source.serviceId))
        checks.push({ name: check.name, ...aliasedHealth(source, { isKnown: false, checks: [] }) });
      else if (!looked.has(source.serviceId) && !lookAt.includes(source.serviceId)) lookAt.push(source.serviceId);
    }
  }
  return { isKnown: local.services.has(aliased.serviceId), checks };
}
