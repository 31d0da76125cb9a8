package main

import (
	"time"

	"github.com/hashicorp/consul/api"
)

func register(client *api.Client, node, id string, port int, tags []string, status string) {
	_, err := client.Catalog().Register(&api.CatalogRegistration{
		Node: node, Address: "10.2.0.1", NodeMeta: map[string]string{"zone": node},
		Service: &api.AgentService{ID: id, Service: "go-" + id[:3], Port: port, Tags: tags, Meta: map[string]string{"v": "1"}},
		Check:   &api.AgentCheck{Node: node, CheckID: "service:" + id, Name: "alive", Status: status, ServiceID: id},
	}, nil)
	must(err)
}

func catalog(client *api.Client) {
	catalog := client.Catalog()
	register(client, "go-n1", "cat1", 8001, []string{"a", "b"}, "passing")
	register(client, "go-n2", "cat2", 8002, []string{"b"}, "critical")
	names, err := catalog.Datacenters()
	must(err)
	same("datacenters", names, []string{"dc1"})
	nodes, _, err := catalog.Nodes(&api.QueryOptions{NodeMeta: map[string]string{"zone": "go-n1"}})
	must(err)
	holds("nodes by their metadata", len(nodes) == 1 && nodes[0].Node == "go-n1", nodes)
	services, _, err := catalog.Services(nil)
	must(err)
	holds("services with all their tags", len(services["go-cat"]) == 2, services)
	instances, meta, err := catalog.Service("go-cat", "a", nil)
	must(err)
	holds("instances by tag", len(instances) == 1 && instances[0].ServicePort == 8001 && instances[0].ServiceMeta["v"] == "1", instances)
	instances, _, err = catalog.Service("go-cat", "", &api.QueryOptions{Filter: "ServicePort == 8002"})
	must(err)
	holds("instances by an expression", len(instances) == 1 && instances[0].Node == "go-n2", instances)
	node, _, err := catalog.Node("go-n1", nil)
	must(err)
	holds("a node with its services", node.Services["cat1"].Port == 8001, node)
	list, _, err := catalog.NodeServiceList("go-n1", nil)
	must(err)
	holds("a node's services as a list", len(list.Services) == 1, list)
	go func() {
		time.Sleep(100 * time.Millisecond)
		_, _ = catalog.Deregister(&api.CatalogDeregistration{Node: "go-n2", ServiceID: "cat2"}, nil)
	}()
	instances, _, err = catalog.Service("go-cat", "", &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 20 * time.Second})
	must(err)
	holds("a blocking query sees a deregistration", len(instances) == 1, instances)
	for _, name := range []string{"go-n1", "go-n2"} {
		_, err = catalog.Deregister(&api.CatalogDeregistration{Node: name}, nil)
		must(err)
	}
}

func health(client *api.Client) {
	health := client.Health()
	register(client, "go-h1", "hea1", 8001, nil, "passing")
	register(client, "go-h2", "hea2", 8002, nil, "critical")
	all, meta, err := health.Service("go-hea", "", false, nil)
	must(err)
	passing, _, err := health.Service("go-hea", "", true, nil)
	must(err)
	holds("only passing ones when asked so", len(all) == 2 && len(passing) == 1 && passing[0].Service.ID == "hea1", all, passing)
	same("the worst check counts", all[1].Checks.AggregatedStatus(), api.HealthCritical)
	same("addresses", []any{passing[0].Node.Address, passing[0].Service.Port}, []any{"10.2.0.1", 8001})
	checks, _, err := health.Checks("go-hea", nil)
	must(err)
	holds("the checks of a service", len(checks) == 2, checks)
	state, _, err := health.State(api.HealthCritical, &api.QueryOptions{Filter: "ServiceName == \"go-hea\""})
	must(err)
	holds("the checks in a state", len(state) == 1 && state[0].Node == "go-h2", state)
	node, _, err := health.Node("go-h1", nil)
	must(err)
	holds("the checks of a node", len(node) == 1, node)

	started := time.Now()
	_, quiet, err := health.Service("go-hea", "", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 300 * time.Millisecond})
	must(err)
	took := time.Since(started)
	holds("without a change the wait is as long as asked, and the index stays", took >= 300*time.Millisecond && took < 5*time.Second && quiet.LastIndex == meta.LastIndex, took, quiet)
	go func() {
		time.Sleep(100 * time.Millisecond)
		register(client, "go-h2", "hea2", 8002, nil, "passing")
	}()
	passing, later, err := health.Service("go-hea", "", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 20 * time.Second})
	must(err)
	holds("a check that passes wakes who waits", len(passing) == 2 && later.LastIndex > meta.LastIndex, passing)
	cached, meta, err := health.Service("go-hea", "", true, &api.QueryOptions{UseCache: true})
	must(err)
	cached, meta, err = health.Service("go-hea", "", true, &api.QueryOptions{UseCache: true})
	must(err)
	holds("a second cached answer is a hit", len(cached) == 2 && meta.CacheHit, meta)
}
