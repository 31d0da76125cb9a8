service {
  name = "api"
  id   = "api-v1"
  port = 9301

  meta {
    version = "v1"
  }

  connect {
    sidecar_service {}
  }
}
