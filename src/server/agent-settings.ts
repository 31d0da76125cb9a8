import type { AgentConfig } from '../agent/config/index.js';
import type { DnsSettings } from '../edges/dns/index.js';
import { withoutRestart } from './restart-only.js';

/** The configuration of an agent as reloads change it; ports, addresses and the like are those of the start. */
export class AgentSettings {
  readonly #atStart: AgentConfig;
  #current: AgentConfig;
  #dns: DnsSettings;

  constructor(config: AgentConfig) {
    this.#atStart = config;
    this.#current = config;
    this.#dns = dnsSettingsOf(config);
  }

  get current(): AgentConfig {
    return this.#current;
  }

  /** The same object until a reload: it is asked for by every query. */
  get dns(): DnsSettings {
    return this.#dns;
  }

  /** Takes in what a reload may change. */
  take(next: AgentConfig): void {
    this.#current = withoutRestart(this.#atStart, next);
    this.#dns = dnsSettingsOf({ ...this.#atStart, dns: next.dns });
  }
}

const dnsSettingsOf = ({ dns, nodeName, datacenter }: AgentConfig): DnsSettings => ({ ...dns, nodeName, datacenter });
