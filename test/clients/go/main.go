// Plays what programs do with Consul's official Go client against an agent: `clients <subject>`, with CONSUL_HTTP_ADDR set.
// Prints one line for each thing that holds; the first that does not ends it with 1 and says what came instead.
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"

	"github.com/hashicorp/consul/api"
)

var subjects = map[string]func(*api.Client){
	"kv":         kv,
	"catalog":    catalog,
	"health":     health,
	"agent":      agent,
	"lock":       lock,
	"semaphore":  semaphore,
	"txn":        txn,
	"queries":    queries,
	"config":     config,
	"intentions": intentions,
	"watch":      watches,
	"events":     events,
}

func main() {
	subject, known := subjects[os.Args[len(os.Args)-1]]
	if !known {
		names := []string{}
		for name := range subjects {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Println("subjects:", names)
		os.Exit(2)
	}
	client, err := api.NewClient(api.DefaultConfig())
	must(err)
	subject(client)
}

// must ends the program when there is an error.
func must(err error) {
	if err != nil {
		fail("error: %v", err)
	}
}

// holds says what holds, or ends the program.
func holds(what string, condition bool, got ...any) {
	if !condition {
		fail("%s does not hold; got %+v", what, got)
	}
	fmt.Println("ok", what)
}

// same ends the program unless both are deeply equal.
func same(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		fail("%s: got %+v, want %+v", what, got, want)
	}
	fmt.Println("ok", what)
}

func fail(format string, values ...any) {
	fmt.Printf("FAIL "+format+"\n", values...)
	os.Exit(1)
}
