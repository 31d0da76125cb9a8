/** Where etcd is and how it is spoken to. */
export interface EtcdConnection {
  /** `http://host:port`, `https://host:port` or `host:port`; all with TLS or none. */
  readonly endpoints: readonly string[];
  /** Tells of other endpoints (of the same kind) when members come and go, and of newer certificates. Returns what ends it. */
  readonly follow?: (onChange: (endpoints: readonly string[], tls?: EtcdTls) => void) => () => void;
  readonly tls?: EtcdTls;
  readonly login?: { readonly username: string; readonly password: string };
}

/** PEM texts; without `ca` the machine's own authorities are trusted. */
export interface EtcdTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** The name the servers' certificates are checked against, instead of the endpoint's host. */
  readonly serverName?: string;
}
