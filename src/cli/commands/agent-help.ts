/** The text of `meshwright agent -help`. The flags themselves belong to the agent's configuration. */
export const agentHelp = `Usage: meshwright agent [options]

  Runs a control plane until it is stopped: catalog, health checks, configuration, certificate authority, and the
  Envoy configuration of every proxy, over HTTP and xDS.

Examples:

  All in memory on this machine, to try things out:
    $ meshwright agent -dev

  A server that keeps its state:
    $ meshwright agent -server -data-dir /var/lib/meshwright

  With configuration files in HCL or JSON:
    $ meshwright agent -config-dir /etc/meshwright.d

Options:

  -advertise address       address that other members are told
  -alt-domain domain       a second domain that DNS answers for
  -allow-plaintext-secrets give keys to Envoys on other hosts over plaintext xDS too
  -bind address            address of this node
  -client address          address that HTTP, DNS and gRPC listen on (default 127.0.0.1)
  -config-dir directory    directory with configuration files, read in the order of their names
  -config-file file        configuration file; may be given several times
  -data-dir directory      where the state is kept; needed without -dev
  -datacenter name         name of the datacenter (default dc1)
  -dev                     development mode: in memory, one server, all on this machine
  -domain domain           domain that DNS answers for (default consul)
  -log-json                log as JSON
  -log-level level         trace, debug, info, warn or error (default info)
  -node name               name of this node (default: the host name)
  -node-id id              id of this node, a UUID
  -node-meta key:value     metadata of this node; may be given several times
  -recursor address        DNS server to ask about other names; may be given several times
  -server                  act as a server

  -http-port, -https-port, -grpc-port, -grpc-tls-port, -dns-port, -server-port, -serf-lan-port, -serf-wan-port
                           ports (default 8500, off, 8502, 8503, 8600, 8300, 8301, 8302); -1 closes one

  Other flags of Consul's agent are accepted; the log says which of them have no effect.
`;
