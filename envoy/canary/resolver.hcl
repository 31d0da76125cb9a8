Kind = "service-resolver"
Name = "api"

# Until there is a splitter everything goes to the known version.
DefaultSubset = "v1"

Subsets = {
  v1 = {
    Filter = "Service.Meta.version == v1"
  }
  v2 = {
    Filter = "Service.Meta.version == v2"
  }
}
