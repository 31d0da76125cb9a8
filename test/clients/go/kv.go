package main

import (
	"time"

	"github.com/hashicorp/consul/api"
)

func kv(client *api.Client) {
	kv := client.KV()
	_, err := kv.Put(&api.KVPair{Key: "go/a", Value: []byte("1"), Flags: 42}, nil)
	must(err)
	pair, meta, err := kv.Get("go/a", nil)
	must(err)
	same("a value and its flags come back", []any{string(pair.Value), pair.Flags}, []any{"1", uint64(42)})
	holds("the meta knows a leader and an index", meta.KnownLeader && meta.LastIndex > 0, meta)
	missing, meta, err := kv.Get("go/none", nil)
	must(err)
	holds("a key that is not there is nil, with an index", missing == nil && meta.LastIndex > 0, missing, meta)

	won, _, err := kv.CAS(&api.KVPair{Key: "go/a", Value: []byte("2"), ModifyIndex: pair.ModifyIndex}, nil)
	must(err)
	holds("a compare-and-set with the right index wins", won)
	won, _, err = kv.CAS(&api.KVPair{Key: "go/a", Value: []byte("3"), ModifyIndex: pair.ModifyIndex}, nil)
	must(err)
	holds("a compare-and-set with an old index loses", !won)
	won, _, err = kv.CAS(&api.KVPair{Key: "go/new", Value: []byte("x")}, nil)
	must(err)
	holds("index 0 creates", won)

	for _, key := range []string{"go/tree/b", "go/tree/a/1", "go/tree/a/2"} {
		_, err = kv.Put(&api.KVPair{Key: key, Value: []byte(key)}, nil)
		must(err)
	}
	pairs, _, err := kv.List("go/tree/", nil)
	must(err)
	holds("a list has all below a prefix", len(pairs) == 3 && pairs[0].Key == "go/tree/a/1", pairs)
	keys, _, err := kv.Keys("go/tree/", "/", nil)
	must(err)
	same("keys stop at the separator", keys, []string{"go/tree/a/", "go/tree/b"})

	_, meta, err = kv.List("go/tree/", nil)
	must(err)
	go func() {
		time.Sleep(100 * time.Millisecond)
		_, _ = kv.Put(&api.KVPair{Key: "go/tree/c", Value: []byte("c")}, nil)
	}()
	started := time.Now()
	pairs, later, err := kv.List("go/tree/", &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 20 * time.Second})
	must(err)
	holds("a blocking list returns with the change", len(pairs) == 4 && later.LastIndex > meta.LastIndex && time.Since(started) < 10*time.Second, pairs, later)

	pair, _, err = kv.Get("go/a", &api.QueryOptions{RequireConsistent: true})
	must(err)
	won, _, err = kv.DeleteCAS(pair, nil)
	must(err)
	holds("a delete with the right index wins", won)
	_, err = kv.DeleteTree("go/", nil)
	must(err)
	pairs, _, err = kv.List("go/", nil)
	must(err)
	holds("a tree is deleted", len(pairs) == 0, pairs)
}

func txn(client *api.Client) {
	ok, response, _, err := client.Txn().Txn(api.TxnOps{
		{KV: &api.KVTxnOp{Verb: api.KVSet, Key: "txn/a", Value: []byte("1")}},
		{KV: &api.KVTxnOp{Verb: api.KVCheckNotExists, Key: "txn/b"}},
		{KV: &api.KVTxnOp{Verb: api.KVGet, Key: "txn/a"}},
	}, nil)
	must(err)
	holds("operations that hold are carried out together", ok && len(response.Errors) == 0 && len(response.Results) == 2 && string(response.Results[1].KV.Value) == "1", ok, response)
	ok, refused, _, err := client.KV().Txn(api.KVTxnOps{
		{Verb: api.KVSet, Key: "txn/c", Value: []byte("1")},
		{Verb: api.KVCheckIndex, Key: "txn/a", Index: 1},
	}, nil)
	must(err)
	holds("one that does not hold undoes all", !ok && len(refused.Errors) == 1 && refused.Errors[0].OpIndex == 1, ok, refused)
	pair, _, err := client.KV().Get("txn/c", nil)
	must(err)
	holds("nothing of it was written", pair == nil, pair)
	ok, response, _, err = client.Txn().Txn(api.TxnOps{
		{Node: &api.NodeTxnOp{Verb: api.NodeSet, Node: api.Node{Node: "txn-node", Address: "10.1.1.1"}}},
		{Service: &api.ServiceTxnOp{Verb: api.ServiceSet, Node: "txn-node", Service: api.AgentService{ID: "s1", Service: "s", Port: 80}}},
		{Check: &api.CheckTxnOp{Verb: api.CheckSet, Check: api.HealthCheck{Node: "txn-node", CheckID: "c1", Name: "c", Status: "passing", ServiceID: "s1"}}},
	}, nil)
	must(err)
	holds("nodes, services and checks are written in one", ok && len(response.Results) == 3, ok, response)
	entries, _, err := client.Health().Service("s", "", true, nil)
	must(err)
	holds("and found", len(entries) == 1 && entries[0].Node.Node == "txn-node", entries)
}
