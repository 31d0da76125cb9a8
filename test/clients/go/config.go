package main

import (
	"time"

	"github.com/hashicorp/consul/api"
)

func queries(client *api.Client) {
	register(client, "go-q1", "que1", 8001, []string{"v1"}, "passing")
	register(client, "go-q2", "que2", 8002, []string{"v1"}, "critical")
	queries := client.PreparedQuery()
	id, _, err := queries.Create(&api.PreparedQueryDefinition{
		Name:    "go-query",
		Service: api.ServiceQuery{Service: "go-que", OnlyPassing: true, Tags: []string{"v1"}},
		DNS:     api.QueryDNSOptions{TTL: "10s"},
	}, nil)
	must(err)
	result, _, err := queries.Execute("go-query", nil)
	must(err)
	holds("a query by its name", len(result.Nodes) == 1 && result.Nodes[0].Service.ID == "que1" && result.DNS.TTL == "10s", result)
	definitions, _, err := queries.Get(id, nil)
	must(err)
	definition := definitions[0]
	definition.Service.OnlyPassing = false
	definition.Service.Tags = nil
	_, err = queries.Update(definition, nil)
	must(err)
	list, _, err := queries.List(nil)
	must(err)
	holds("queries are listed", len(list) == 1 && list[0].ID == id, list)
	_, err = queries.Delete(id, nil)
	must(err)
	_, _, err = queries.Execute("go-query", nil)
	holds("a query that is gone is an error", err != nil)
}

func config(client *api.Client) {
	entries := client.ConfigEntries()
	all := []api.ConfigEntry{
		&api.ProxyConfigEntry{Kind: api.ProxyDefaults, Name: api.ProxyConfigGlobal, Config: map[string]interface{}{"protocol": "http"}},
		&api.ServiceConfigEntry{Kind: api.ServiceDefaults, Name: "go-api", Protocol: "http", Meta: map[string]string{"team": "a"}},
		&api.ServiceConfigEntry{Kind: api.ServiceDefaults, Name: "go-db", Protocol: "tcp"},
		&api.ServiceResolverConfigEntry{Kind: api.ServiceResolver, Name: "go-api", DefaultSubset: "v1", ConnectTimeout: 3 * time.Second,
			Subsets: map[string]api.ServiceResolverSubset{"v1": {Filter: "Service.Meta.v == 1"}, "v2": {Filter: "Service.Meta.v == 2"}}},
		&api.ServiceSplitterConfigEntry{Kind: api.ServiceSplitter, Name: "go-api", Splits: []api.ServiceSplit{{Weight: 90, ServiceSubset: "v1"}, {Weight: 10, ServiceSubset: "v2"}}},
		&api.ServiceRouterConfigEntry{Kind: api.ServiceRouter, Name: "go-api", Routes: []api.ServiceRoute{{
			Match:       &api.ServiceRouteMatch{HTTP: &api.ServiceRouteHTTPMatch{PathPrefix: "/v2"}},
			Destination: &api.ServiceRouteDestination{ServiceSubset: "v2", RequestTimeout: 5 * time.Second, NumRetries: 2},
		}}},
		&api.ServiceIntentionsConfigEntry{Kind: api.ServiceIntentions, Name: "go-api", Sources: []*api.SourceIntention{{Name: "go-web", Action: api.IntentionActionAllow}}},
		&api.MeshConfigEntry{TransparentProxy: api.TransparentProxyMeshConfig{MeshDestinationsOnly: true}},
		&api.ExportedServicesConfigEntry{Name: "default", Services: []api.ExportedService{{Name: "go-api", Consumers: []api.ServiceConsumer{{Peer: "east"}}}}},
		&api.JWTProviderConfigEntry{Kind: api.JWTProvider, Name: "go-issuer", Issuer: "https://issuer.example", JSONWebKeySet: &api.JSONWebKeySet{Local: &api.LocalJWKS{JWKS: "eyJrZXlzIjogW119"}}},
		&api.TerminatingGatewayConfigEntry{Kind: api.TerminatingGateway, Name: "go-exit", Services: []api.LinkedService{{Name: "go-db"}}},
		&api.IngressGatewayConfigEntry{Kind: api.IngressGateway, Name: "go-ingress", Listeners: []api.IngressListener{{Port: 8443, Protocol: "http", Services: []api.IngressService{{Name: "go-api"}}}}},
		&api.APIGatewayConfigEntry{Kind: api.APIGateway, Name: "go-gateway", Listeners: []api.APIGatewayListener{{Name: "web", Port: 8444, Protocol: "http"}}},
		&api.HTTPRouteConfigEntry{Kind: api.HTTPRoute, Name: "go-route", Parents: []api.ResourceReference{{Kind: api.APIGateway, Name: "go-gateway", SectionName: "web"}},
			Rules: []api.HTTPRouteRule{{Services: []api.HTTPService{{Name: "go-api"}}}}},
		&api.TCPRouteConfigEntry{Kind: api.TCPRoute, Name: "go-tcp", Parents: []api.ResourceReference{{Kind: api.APIGateway, Name: "go-gateway"}}, Services: []api.TCPService{{Name: "go-db"}}},
	}
	for _, entry := range all {
		ok, _, err := entries.Set(entry, nil)
		must(err)
		holds("written: "+entry.GetKind(), ok)
	}
	for _, entry := range all {
		found, _, err := entries.Get(entry.GetKind(), entry.GetName(), nil)
		must(err)
		holds("read: "+entry.GetKind(), found.GetName() == entry.GetName() && found.GetModifyIndex() > 0, found)
	}
	resolver, _, err := entries.Get(api.ServiceResolver, "go-api", nil)
	must(err)
	same("durations", resolver.(*api.ServiceResolverConfigEntry).ConnectTimeout, 3*time.Second)
	list, meta, err := entries.List(api.ServiceDefaults, nil)
	must(err)
	holds("entries of a kind are listed", len(list) == 2, list)
	entry := list[0].(*api.ServiceConfigEntry)
	ok, _, err := entries.CAS(entry, entry.ModifyIndex+1, nil)
	must(err)
	holds("a compare-and-set with a wrong index loses", !ok)
	go func() {
		time.Sleep(100 * time.Millisecond)
		_, _, _ = entries.Set(&api.ServiceConfigEntry{Kind: api.ServiceDefaults, Name: "go-late", Protocol: "http"}, nil)
	}()
	list, _, err = entries.List(api.ServiceDefaults, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: 20 * time.Second})
	must(err)
	holds("who waits sees a new one", len(list) == 3, list)
	chain, _, err := client.DiscoveryChain().Get("go-api", nil, nil)
	must(err)
	holds("a chain is compiled from them", chain.Chain.Protocol == "http" && chain.Chain.StartNode != "" && len(chain.Chain.Targets) >= 2, chain)
	_, _, err = entries.Get(api.ServiceDefaults, "go-none", nil)
	holds("one that is not there is a 404", isStatus(err, 404), err)
	for at := len(all) - 1; at >= 0; at-- {
		_, err = entries.Delete(all[at].GetKind(), all[at].GetName(), nil)
		must(err)
	}
}

func intentions(client *api.Client) {
	connect := client.Connect()
	_, err := connect.IntentionUpsert(&api.Intention{SourceName: "go-web", DestinationName: "go-api", Action: api.IntentionActionAllow, Description: "web may", SourceType: api.IntentionSourceConsul}, nil)
	must(err)
	_, err = connect.IntentionUpsert(&api.Intention{SourceName: "*", DestinationName: "go-api", Action: api.IntentionActionDeny, SourceType: api.IntentionSourceConsul}, nil)
	must(err)
	one, _, err := connect.IntentionGetExact("go-web", "go-api", nil)
	must(err)
	holds("an intention by its two names", one.Action == api.IntentionActionAllow && one.Precedence == 9, one)
	list, _, err := connect.Intentions(nil)
	must(err)
	holds("the more exact one comes first", len(list) == 2 && list[0].SourceName == "go-web", list)
	matched, _, err := connect.IntentionMatch(&api.IntentionMatch{By: api.IntentionMatchDestination, Names: []string{"go-api"}}, nil)
	must(err)
	holds("those of a destination", len(matched["go-api"]) == 2, matched)
	for source, want := range map[string]bool{"go-web": true, "go-other": false} {
		allowed, _, err := connect.IntentionCheck(&api.IntentionCheck{Source: source, Destination: "go-api", SourceType: api.IntentionSourceConsul}, nil)
		must(err)
		holds("a check of "+source, allowed == want, allowed)
	}
	for _, source := range []string{"go-web", "*"} {
		_, err = connect.IntentionDeleteExact(source, "go-api", nil)
		must(err)
	}
	none, _, err := connect.IntentionGetExact("go-web", "go-api", nil)
	must(err)
	holds("gone", none == nil, none)
}
