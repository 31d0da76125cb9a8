import type { DnsSettings } from '../dns-deps.js';

/** How long answers about a service may be kept: its own setting, else that of the longest prefix (`db-*`), else `*`. */
export function serviceTtl({ serviceTtlSeconds }: DnsSettings, service: string): number {
  const exact = serviceTtlSeconds[service];
  if (exact !== undefined) return exact;
  let found = 0;
  let longest = -1;
  for (const [pattern, ttlSeconds] of Object.entries(serviceTtlSeconds)) {
    if (!pattern.endsWith('*') || pattern.length <= longest) continue;
    if (!service.startsWith(pattern.slice(0, -1))) continue;
    longest = pattern.length;
    found = ttlSeconds;
  }
  return found;
}
