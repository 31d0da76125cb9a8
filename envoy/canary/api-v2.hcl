service {
  name = "api"
  id   = "api-v2"
  port = 9302

  meta {
    version = "v2"
  }

  connect {
    sidecar_service {}
  }
}
