service {
  name = "api"
  port = 9201

  check {
    name     = "api answers"
    http     = "http://127.0.0.1:9201/"
    interval = "2s"
  }

  connect {
    sidecar_service {}
  }
}
