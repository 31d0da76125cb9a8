# The agent on the host of web, whose Envoy lets it call api at 127.0.0.1:9191.
retry_join     = ["172.30.0.11", "172.30.0.12", "172.30.0.13"]
retry_interval = "1s"

services {
  name = "web"
  port = 9090

  connect {
    sidecar_service {
      proxy {
        upstreams = [
          {
            destination_name = "api"
            local_bind_port  = 9191
          },
        ]
      }
    }
  }
}
