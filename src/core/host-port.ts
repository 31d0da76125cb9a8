/** A host (a name or an IP address, without brackets) and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port` (then the host is empty) in its parts; undefined when it is not that. */
export function parseHostPort(text: string): HostPort | undefined {
  const parts = /^(\[[^\]]+\]|[^\s:/[\]]*):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts === null || port < 1 || port > 65_535) return undefined;
  return { host: (parts[1] ?? '').replace(/^\[|\]$/g, ''), port };
}

/** As people and URLs write it: IPv6 addresses in brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
