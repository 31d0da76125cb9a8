package main

import (
	"time"

	"github.com/hashicorp/consul/api"
)

func agent(client *api.Client) {
	agent := client.Agent()
	name, err := agent.NodeName()
	must(err)
	holds("the agent has a name", name != "")
	members, err := agent.Members(false)
	must(err)
	holds("and is a member", len(members) == 1 && members[0].Name == name, members)
	leader, err := client.Status().Leader()
	must(err)
	holds("there is a leader", leader != "", leader)

	must(agent.ServiceRegister(&api.AgentServiceRegistration{
		ID: "web1", Name: "go-web", Port: 8080, Tags: []string{"x"}, Address: "127.0.0.1",
		Checks: api.AgentServiceChecks{
			{CheckID: "web-ttl", TTL: "30s"},
			{CheckID: "web-ttl-2", TTL: "30s", Status: api.HealthPassing},
		},
	}))
	status, info, err := agent.AgentHealthServiceByID("web1")
	must(err)
	holds("a TTL check begins critical", status == api.HealthCritical && info.Service.Port == 8080, status, info)
	must(agent.UpdateTTL("web-ttl", "works", api.HealthPassing))
	status, _, err = agent.AgentHealthServiceByID("web1")
	must(err)
	same("an update makes it pass", status, api.HealthPassing)
	must(agent.PassTTL("web-ttl", "fine"))
	must(agent.WarnTTL("web-ttl", "hm"))
	checks, err := agent.Checks()
	must(err)
	same("a warning", []string{checks["web-ttl"].Status, checks["web-ttl"].Output}, []string{"warning", "hm"})
	must(agent.FailTTL("web-ttl", "broken"))
	deadline := time.Now().Add(10 * time.Second)
	for {
		entries, _, err := client.Health().Service("go-web", "", false, nil)
		must(err)
		if len(entries) == 1 && entries[0].Checks.AggregatedStatus() == api.HealthCritical {
			break
		}
		if time.Now().After(deadline) {
			fail("the catalog does not say that the check is critical: %+v", entries)
		}
		time.Sleep(20 * time.Millisecond)
	}
	holds("the catalog follows", true)
	service, _, err := agent.Service("web1", nil)
	must(err)
	holds("a service by its id", service.Service == "go-web" && service.ContentHash != "", service)
	filtered, err := agent.ServicesWithFilter("Service == \"go-web\"")
	must(err)
	holds("services by an expression", len(filtered) == 1, filtered)
	must(agent.EnableServiceMaintenance("web1", "repairs"))
	checks, err = agent.Checks()
	must(err)
	holds("maintenance is a critical check", checks["_service_maintenance:web1"].Status == api.HealthCritical, checks)
	must(agent.DisableServiceMaintenance("web1"))
	must(agent.CheckRegister(&api.AgentCheckRegistration{ID: "node-ttl", Name: "node", AgentServiceCheck: api.AgentServiceCheck{TTL: "10s"}}))
	must(agent.CheckDeregister("node-ttl"))
	must(agent.ServiceRegister(&api.AgentServiceRegistration{
		Name: "go-mesh", Port: 9090,
		Connect: &api.AgentServiceConnect{SidecarService: &api.AgentServiceRegistration{
			Proxy: &api.AgentServiceConnectProxyConfig{Upstreams: []api.Upstream{{DestinationName: "go-web", LocalBindPort: 9191}}},
		}},
	}))
	sidecar, _, err := agent.Service("go-mesh-sidecar-proxy", nil)
	must(err)
	holds("a sidecar is registered beside its service", sidecar.Kind == api.ServiceKindConnectProxy && sidecar.Proxy.Upstreams[0].DestinationName == "go-web", sidecar)
	leaf, _, err := agent.ConnectCALeaf("go-mesh", nil)
	must(err)
	holds("a leaf certificate", leaf.Service == "go-mesh" && leaf.CertPEM != "" && leaf.ValidBefore.After(time.Now()), leaf.ServiceURI)
	roots, _, err := agent.ConnectCARoots(nil)
	must(err)
	holds("an active root", len(roots.Roots) == 1 && roots.Roots[0].ID == roots.ActiveRootID, roots)
	for _, id := range []string{"web1", "go-mesh"} {
		must(agent.ServiceDeregister(id))
	}
	left, err := agent.Services()
	must(err)
	holds("all are gone, the sidecar too", len(left) == 0, left)
	_, err = agent.Metrics()
	must(err)
}

func lock(client *api.Client) {
	first, err := client.LockOpts(&api.LockOptions{Key: "lock/one", Value: []byte("me"), SessionTTL: "10s", LockDelay: time.Millisecond})
	must(err)
	lost, err := first.Lock(nil)
	must(err)
	holds("a lock is taken", lost != nil)
	pair, _, err := client.KV().Get("lock/one", nil)
	must(err)
	holds("its key is held by a session", pair.Session != "" && string(pair.Value) == "me" && pair.Flags == api.LockFlagValue, pair)
	second, err := client.LockOpts(&api.LockOptions{Key: "lock/one", LockTryOnce: true, LockWaitTime: 200 * time.Millisecond, LockDelay: time.Millisecond})
	must(err)
	none, err := second.Lock(nil)
	must(err)
	holds("another does not get it", none == nil)
	waiting, err := client.LockKey("lock/one")
	must(err)
	taken := make(chan error, 1)
	go func() {
		_, err := waiting.Lock(nil)
		taken <- err
	}()
	time.Sleep(200 * time.Millisecond)
	must(first.Unlock())
	select {
	case err := <-taken:
		must(err)
	case <-time.After(20 * time.Second):
		fail("the waiting one does not get the lock")
	}
	holds("one that waits gets it when it is given back", true)
	must(waiting.Unlock())
	must(waiting.Destroy())

	held, err := client.LockOpts(&api.LockOptions{Key: "lock/two", SessionTTL: "10s"})
	must(err)
	lost, err = held.Lock(nil)
	must(err)
	pair, _, err = client.KV().Get("lock/two", nil)
	must(err)
	_, err = client.Session().Destroy(pair.Session, nil)
	must(err)
	select {
	case <-lost:
	case <-time.After(20 * time.Second):
		fail("the holder is not told that its session ended")
	}
	holds("a holder whose session is destroyed is told", true)
}

func semaphore(client *api.Client) {
	slots := []*api.Semaphore{}
	for at := 0; at < 2; at++ {
		slot, err := client.SemaphoreOpts(&api.SemaphoreOptions{Prefix: "semaphore/two", Limit: 2, SessionTTL: "10s"})
		must(err)
		held, err := slot.Acquire(nil)
		must(err)
		holds("a slot is free", held != nil)
		slots = append(slots, slot)
	}
	third, err := client.SemaphoreOpts(&api.SemaphoreOptions{Prefix: "semaphore/two", Limit: 2, SemaphoreTryOnce: true, SemaphoreWaitTime: 300 * time.Millisecond})
	must(err)
	none, err := third.Acquire(nil)
	must(err)
	holds("a third does not get one", none == nil)
	must(slots[0].Release())
	again, err := client.SemaphorePrefix("semaphore/two", 2)
	must(err)
	held, err := again.Acquire(nil)
	must(err)
	holds("one that is released can be had", held != nil)
	must(again.Release())
	must(slots[1].Release())
	must(again.Destroy())
}

func events(client *api.Client) {
	id, _, err := client.Event().Fire(&api.UserEvent{Name: "deploy", Payload: []byte("v2")}, nil)
	must(err)
	list, meta, err := client.Event().List("deploy", nil)
	must(err)
	holds("an event is listed", len(list) == 1 && list[0].ID == id && string(list[0].Payload) == "v2", list)
	go func() {
		time.Sleep(100 * time.Millisecond)
		_, _, _ = client.Event().Fire(&api.UserEvent{Name: "deploy"}, nil)
	}()
	list, _, err = client.Event().List("deploy", &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 20 * time.Second})
	must(err)
	holds("who waits sees the next", len(list) == 2, list)
}
