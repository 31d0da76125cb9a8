const ACRONYMS: ReadonlyMap<string, string> = new Map(
  (
    'ACL ARN CA CIDR DC DNS EC2 GRPC HTTP HTTPS IAM ID IP IPV4 IPV6 JSON JWKS JWT KV LAN NS OIDC PEM RPC RTT SAN SDS SNI SPIFFE ' +
    'TCP TLS TTL UDP URI URL UUID VM WAN'
  )
    .split(' ')
    .map((word) => [word.toLowerCase(), word] as const)
    .concat([
      ['ids', 'IDs'],
      ['ips', 'IPs'],
    ]),
);

/** The wire spelling of a record's field: `externalSni` -> `ExternalSNI`, `checkId` -> `CheckID`, `autoVirtualIps` -> `AutoVirtualIPs`. */
export function wireName(recordName: string): string {
  return recordName
    .split(/(?=[A-Z])/)
    .map((word) => ACRONYMS.get(word.toLowerCase()) ?? word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** The form in which wire keys are compared: `envoy_listener_json` = `EnvoyListenerJSON` = `envoylistenerjson`. */
export function foldedName(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
