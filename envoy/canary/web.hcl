service {
  name = "web"
  port = 9300

  connect {
    sidecar_service {
      proxy {
        upstreams = [
          {
            destination_name = "api"
            local_bind_port  = 9391
          },
        ]
      }
    }
  }
}
