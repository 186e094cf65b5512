# Every target is a command that you could type; `make` lists them.

GO ?= go
PACKAGES ?= ./...

.PHONY: help demo build test race cover bench fuzz lint generate provider ci

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: ## run the switch with simulated wallets, a sample shop and a link
	$(GO) run ./cmd/postern demo

build: ## build one static binary, dist/postern
	CGO_ENABLED=0 $(GO) build -trimpath -o dist/postern ./cmd/postern

test: ## run all tests; what needs PostgreSQL, Chromium or Node skips with a line where it is missing
	$(GO) test $(PACKAGES)

race: ## run the rooms that work in parallel under the race detector
	$(GO) test -race ./engine ./store ./queue ./webhook ./api ./callback

cover: ## say which lines no test reaches: dist/cover.html
	@mkdir -p dist
	$(GO) test -coverpkg=./... -coverprofile=dist/cover.out $(PACKAGES)
	$(GO) tool cover -html=dist/cover.out -o dist/cover.html
	$(GO) tool cover -func=dist/cover.out | tail -1

bench: ## run the benchmarks (no test is timed)
	$(GO) test -run '^$$' -bench . -benchmem $(PACKAGES)

fuzz: ## fuzz every parser of outside bytes, one minute each
	@for dir in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9]+' $$dir/*_test.go | sed 's/func //'); do \
			echo "$$dir $$name"; $(GO) test $$dir -run '^$$' -fuzz "^$$name\$$" -fuzztime 1m || exit 1; \
		done; \
	done

lint: ## gofmt, vet, the rules of the house, and golangci-lint when it is installed
	@unformatted=$$(git ls-files '*.go' | xargs gofmt -l); [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) test ./internal/tidy
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: skipped"; fi

generate: ## write the documents that tests check: states, ledger, coverage, OpenAPI
	$(GO) test . -run Document -count=1 -update
	$(GO) test ./provider/all -run Conformance -count=1 -update
	$(GO) test ./api -run Document -count=1 -update

provider: ## write a new provider from a template: make provider NAME=yourpay
	$(GO) run ./internal/scaffold $(NAME)

ci: ## run what the gate runs
	.ci/run
