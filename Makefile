# Everything a developer runs. `make` alone lists it.
# cargo is looked for where rustup puts it too, so that a shell older than the installation works.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help demo demo-check test check bench corpus fuzz

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## install what is missing, build, start everything, say where to click (Ctrl-C stops it)
	@scripts/demo

demo-check: ## the demo signs in by script, through application and both tenants, and ends
	@scripts/demo --check

test: ## all tests, against PostgreSQL and identity providers started here
	@scripts/setup test
	@scripts/test-services scripts/run-tests

check: ## format, lints, documentation, licences, migrations down and up again
	@scripts/setup test
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	@scripts/check-licences
	@scripts/test-services scripts/check-migrations

bench: ## logins a second beside a bare server, and the CPU of one login
	@scripts/setup test
	@scripts/test-services cargo bench --locked

corpus: ## SAML responses of other projects, beside the repository: accepted, rejected, wrong
	cargo test --locked --test it saml::corpus -- --nocapture

fuzz: ## a minute of hostile SAML responses
	@scripts/fuzz
