import type { RelayDnsSettings } from '../../client-agent/index.js';
import { encodeDnsSettings } from '../../edges/dns/index.js';
import type { AgentSettings } from '../agent-settings.js';

/** How the servers are to answer DNS queries that are relayed to them: what a reload gives is written down once, not for each query. */
export function relaySettingsOf(settings: Pick<AgentSettings, 'dns'>): () => RelayDnsSettings {
  let known: { readonly dns: AgentSettings['dns']; readonly relayed: RelayDnsSettings } | undefined;
  return () => {
    const { dns } = settings;
    const { allowStale, maxStaleMs, useCache, cacheMaxAgeMs } = dns;
    if (known?.dns !== dns)
      known = {
        dns,
        relayed: {
          sent: encodeDnsSettings(dns),
          maxStaleMs: allowStale ? maxStaleMs : 0,
          useCache,
          cacheMaxAgeMs,
        },
      };
    return known.relayed;
  };
}
