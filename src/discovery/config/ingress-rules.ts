import { AppError } from '../../core/index.js';
import { compileAnywhere } from '../../mesh/discovery-chain/index.js';
import type { IngressGatewayEntry, MeshView } from '../../model/index.js';
import { type EntryChange, changesChains } from './affected-services.js';

const EVERY_SERVICE = '*';

/**
 * Refuses a listener of an ingress gateway that speaks otherwise than the chain of a service it exposes (consul-behaviour 4.7). `view`
 * shows the state as it would be, `services` are those whose chain the change concerns. Throws AppError('invalidArgument').
 */
export function checkIngressProtocols(view: MeshView, change: EntryChange, services: readonly string[]): void {
  if (change.after?.kind === 'ingress-gateway') return checkGateway(view, change.after, true);
  for (const gateway of gatewaysToCheck(view, change, services)) checkGateway(view, gateway, false);
}

function gatewaysToCheck(
  view: MeshView,
  change: EntryChange,
  services: readonly string[],
): readonly IngressGatewayEntry[] {
  if (!changesChains(change)) return [];
  const records =
    change.kind === 'proxy-defaults'
      ? view.range('config-entries', 'byKind', ['ingress-gateway'])
      : services.flatMap((service) => view.range('config-entries', 'byExposedService', [service]));
  return [...new Set(records.map(({ entry }) => entry))].flatMap((entry) =>
    entry.kind === 'ingress-gateway' ? [entry] : [],
  );
}

function checkGateway(view: MeshView, { name, listeners }: IngressGatewayEntry, isWritten: boolean): void {
  for (const [position, { port, protocol, services }] of (listeners ?? []).entries())
    for (const [place, { name: service }] of services.entries()) {
      if (service === EVERY_SERVICE) continue;
      const result = compileAnywhere(view, service);
      if (!result.ok) throw new AppError('invalidArgument', result.problem);
      const { chain } = result;
      if (chain.protocol === protocol) continue;
      // A service may begin to speak http behind a tcp listener, as long as nothing has to be routed there.
      if (!isWritten && protocol === 'tcp' && chain.nodes[chain.startNode]?.type === 'resolver') continue;
      throw new AppError(
        'invalidArgument',
        `ingress-gateway/${name} Listeners[${position}].Services[${place}]: service "${service}" has protocol "${chain.protocol}", ` +
          `which does not match defined listener protocol "${protocol}" (listener on port ${port})`,
      );
    }
}
