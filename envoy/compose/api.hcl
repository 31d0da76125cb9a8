# The agent on the host of api: it joins the servers, registers the service, and is what the Envoy beside it asks.
retry_join     = ["172.30.0.11", "172.30.0.12", "172.30.0.13"]
retry_interval = "1s"

services {
  name = "api"
  port = 8080

  connect {
    sidecar_service {}
  }
}
