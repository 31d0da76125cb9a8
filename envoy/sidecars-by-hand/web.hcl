service {
  name = "web"
  port = 9202

  connect {
    sidecar_service {
      proxy {
        # web calls api at 127.0.0.1:9291; its Envoy does the rest.
        upstreams = [
          {
            destination_name = "api"
            local_bind_port  = 9291
          },
        ]
      }
    }
  }
}
