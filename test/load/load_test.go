package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/testkit"
)

func TestMain(m *testing.M) {
	if os.Getenv(as) != "" {
		main()
	}
	os.Exit(m.Run())
}

var sums = regexp.MustCompile(`(?m)^\s+(\w+)\s+(\d+)\s+\d`)

// A little of everything, on every engine: all is answered, and the tables add up.
func TestALittleOfEverything(t *testing.T) {
	dbs := map[string]string{"SQLite": ""}
	if url := testkit.PG(t); url != "" {
		dbs["PostgreSQL"] = testkit.Schema(t, url)
	}
	for name, db := range dbs {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := run(t.Context(), []string{"--clients=3", "--requests=150", "--for=10m", "--issues=30", "--db=" + db}, &out); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			t.Log(out.String())
			count := map[string]int{}
			for _, m := range sums.FindAllStringSubmatch(out.String(), -1) {
				count[m[1]], _ = strconv.Atoi(m[2])
			}
			sum := 0
			for _, k := range kinds {
				if count[k.name] == 0 {
					t.Errorf("no %s", k.name)
				}
				sum += count[k.name]
			}
			if sum != 150 || count["all"] != 150 {
				t.Errorf("%d done, %d said, want 150", sum, count["all"])
			}
			if !strings.Contains(out.String(), "town "+name) || !regexp.MustCompile(`server: \d+\.\d+ ms .* [1-9]\d* MB`).MatchString(out.String()) {
				t.Error("the engine, or the server's time and memory, are not told")
			}
		})
	}
}

func TestWhatGoesWrongIsCounted(t *testing.T) {
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	var out strings.Builder
	err := run(t.Context(), []string{"--url=" + s.URL, "--clients=1", "--requests=100"}, &out)
	if err == nil || !strings.Contains(err.Error(), "of 100 went wrong") || !strings.Contains(err.Error(), "status") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestOnlyThisMachineAndOnlySoMuch(t *testing.T) {
	for _, args := range []string{"--url=http://192.0.2.1:80", "--url=http://town.example", "--url=https://127.0.0.1", "--clients=1000", "--requests=0", "--for=1h", "--issues=1000000"} {
		if err := run(context.Background(), []string{args}, os.Stderr); err == nil {
			t.Errorf("%s: taken", args)
		}
	}
}
