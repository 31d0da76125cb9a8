Kind = "proxy-defaults"
Name = "global"

# Requests are looked into one by one; without this they are plain TCP connections.
Config {
  protocol = "http"
}
