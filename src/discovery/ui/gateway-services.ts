import { type StoredIntention, intentionMatch } from '../../mesh/intentions/index.js';
import type { Cell } from '../../model/index.js';
import { type ServiceSummary, serviceSummaryCell, servicesBehind } from './service-summary.js';

/** A service behind a gateway; one that is configured and has no instance has no summary. */
export interface ServiceBehindGateway {
  readonly name: string;
  readonly summary: ServiceSummary | undefined;
}

/** The services that a gateway of any kind leads to. Key: the gateway's name. */
export const uiGatewayServicesCell: Cell<readonly ServiceBehindGateway[]> = {
  kind: 'ui-gateway-services',
  compute: (view, gateway) =>
    servicesBehind(view, gateway).map((name) => ({ name, summary: view.cell(serviceSummaryCell, name) })),
};

/** The intentions about the services that a gateway leads to, each once, in the order in which they decide. Key: the gateway's name. */
export const gatewayIntentionsCell: Cell<readonly StoredIntention[]> = {
  kind: 'ui-gateway-intentions',
  compute(view, gateway) {
    const found = new Map<string, StoredIntention>();
    for (const name of servicesBehind(view, gateway))
      for (const stored of intentionMatch(view, 'destination', name)) {
        const { source, destination } = stored.intention;
        found.set(`${source.peer}\n${source.name}\n${destination}`, stored);
      }
    return [...found.values()];
  },
};
