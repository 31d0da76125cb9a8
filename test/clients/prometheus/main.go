// Prometheus' own Consul discovery: prints the targets it knows whenever they change, as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sort"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/consul"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

func main() {
	config := consul.DefaultSDConfig
	config.Server = os.Args[1]
	config.Services = os.Args[2:]
	// By default it looks at a service that has changed again only after 30 s.
	config.RefreshInterval = model.Duration(500 * time.Millisecond)
	registry := prometheus.NewRegistry()
	metrics := config.NewDiscovererMetrics(registry, discovery.NewRefreshMetrics(registry))
	if err := metrics.Register(); err != nil {
		panic(err)
	}
	source, err := config.NewDiscoverer(discovery.DiscovererOptions{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Metrics: metrics})
	if err != nil {
		panic(err)
	}
	updates := make(chan []*targetgroup.Group)
	go source.Run(context.Background(), updates)
	known := map[string]*targetgroup.Group{}
	for groups := range updates {
		for _, group := range groups {
			known[group.Source] = group
		}
		targets := []map[string]string{}
		for _, group := range known {
			for _, target := range group.Targets {
				labels := map[string]string{}
				for _, set := range []map[string]string{flat(group.Labels), flat(target)} {
					for name, value := range set {
						labels[name] = value
					}
				}
				targets = append(targets, labels)
			}
		}
		sort.Slice(targets, func(left, right int) bool { return targets[left]["__address__"] < targets[right]["__address__"] })
		line, _ := json.Marshal(targets)
		fmt.Println(string(line))
	}
}

func flat[Name, Value ~string](labels map[Name]Value) map[string]string {
	plain := map[string]string{}
	for name, value := range labels {
		plain[string(name)] = string(value)
	}
	return plain
}
