# The mesh of docker-compose.single.yml: where the two services live, and that each has a sidecar.
services {
  name    = "api"
  address = "172.30.0.11"
  port    = 8080

  connect {
    sidecar_service {}
  }
}

services {
  name    = "web"
  address = "172.30.0.12"
  port    = 9090

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

config_entries {
  bootstrap = [
    {
      kind = "proxy-defaults"
      name = "global"
      config {
        protocol = "http"
      }
    },
  ]
}
