package main

import (
	"errors"
	"os"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/hashicorp/consul/api/watch"
)

func isStatus(err error, code int) bool {
	var status api.StatusError
	return errors.As(err, &status) && status.Code == code
}

// follow runs a plan of the client's own watch package; `next` waits for what it is told.
func follow(what string, parameters map[string]interface{}) (next func() any, stop func()) {
	plan, err := watch.Parse(parameters)
	must(err)
	told := make(chan any, 16)
	plan.Handler = func(_ uint64, data interface{}) { told <- data }
	go func() { _ = plan.Run(os.Getenv("CONSUL_HTTP_ADDR")) }()
	return func() any {
		select {
		case data := <-told:
			return data
		case <-time.After(20 * time.Second):
			fail("the watch of %s is told nothing", what)
			return nil
		}
	}, plan.Stop
}

func watches(client *api.Client) {
	_, err := client.KV().Put(&api.KVPair{Key: "watch/a", Value: []byte("1")}, nil)
	must(err)
	register(client, "go-w1", "wat1", 8001, nil, "passing")

	next, stop := follow("a key", map[string]interface{}{"type": "key", "key": "watch/a"})
	same("a key is told at once", string(next().(*api.KVPair).Value), "1")
	_, err = client.KV().Put(&api.KVPair{Key: "watch/a", Value: []byte("2")}, nil)
	must(err)
	same("and when it changes", string(next().(*api.KVPair).Value), "2")
	stop()

	next, stop = follow("a prefix", map[string]interface{}{"type": "keyprefix", "prefix": "watch/"})
	holds("a prefix", len(next().(api.KVPairs)) == 1)
	_, err = client.KV().Put(&api.KVPair{Key: "watch/b", Value: []byte("b")}, nil)
	must(err)
	holds("a new key below it", len(next().(api.KVPairs)) == 2)
	stop()

	next, stop = follow("a service", map[string]interface{}{"type": "service", "service": "go-wat", "passingonly": true})
	holds("a service", len(next().([]*api.ServiceEntry)) == 1)
	register(client, "go-w2", "wat2", 8002, nil, "passing")
	holds("a new instance", len(next().([]*api.ServiceEntry)) == 2)
	stop()

	next, stop = follow("services", map[string]interface{}{"type": "services"})
	before := len(next().(map[string][]string))
	register(client, "go-w3", "xyz1", 8003, nil, "passing")
	holds("a new name among the services", len(next().(map[string][]string)) == before+1)
	stop()

	next, stop = follow("nodes", map[string]interface{}{"type": "nodes"})
	holds("nodes", len(next().([]*api.Node)) >= 3)
	stop()

	next, stop = follow("checks", map[string]interface{}{"type": "checks", "service": "go-wat"})
	holds("the checks of a service", len(next().([]*api.HealthCheck)) == 2)
	stop()
}
