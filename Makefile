# make demo   a living neighbourhood on this machine
# make test   everything, on a fresh Debian 12 with Go 1.26: it installs what it lacks
# make check  the quick loop before a commit
# make bench  the speed promises, printed
# make fuzz   a random search with every fuzz target, FUZZTIME=10s each
# make load   a load on a town of its own on this machine, LOAD='--clients 32 --for 1m'
# make simulate  the full grid of docs/rally-simulation.md, an hour or so of two processors
# make build  bin/linli

export CGO_ENABLED = 0
export PATH := $(PATH):/usr/local/go/bin

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/linli-town/linli/internal/app.Version=$(VERSION)
BENCH   ?= .
FUZZTIME ?= 10s
export FUZZTIME

.PHONY: build demo test check bench fuzz load simulate lint clean

build:
	go build -buildvcs=false -trimpath -ldflags '$(LDFLAGS)' -o bin/linli ./cmd/linli

demo: build
	./bin/linli demo

test:
	@scripts/test.sh

lint:
	@scripts/lint.sh

check: lint
	go test -short ./...

bench:
	@scripts/bench.sh '$(BENCH)'

fuzz:
	@scripts/fuzz.sh $(FUZZTIME)

load:
	go run ./test/load $(LOAD)

simulate: build
	nice ./bin/linli simulate rally --lang en --out docs/rally-simulation.md

clean:
	rm -rf bin .cache
