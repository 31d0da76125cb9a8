# What the three servers of docker-compose.yml have in common. Each runs an etcd member, and the members form one cluster.
server           = true
client_addr      = "0.0.0.0"
bootstrap_expect = 3
retry_join       = ["172.30.0.11", "172.30.0.12", "172.30.0.13"]
retry_interval   = "1s"

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
