# Two commands do all: `cargo run --release` runs the service, `make test` passes the tests.

SHELL := bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.PHONY: test needs lint deny rust js browser hostile bench advisories sbom

# Installs or names what is missing, then runs everything.
test: needs lint deny rust js browser

needs:
	@scripts/needs

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Licences, sources and duplicate versions, against deny.toml; the advisory database is a download of its own.
deny: needs
	PATH="$$PWD/.tools/bin:$$PATH" cargo deny --locked check bans licenses sources

advisories: needs
	PATH="$$PWD/.tools/bin:$$PATH" cargo deny --locked check advisories

# What the programs are made of: target/sbom/*.cdx.json.
sbom:
	scripts/sbom

# Everything on Debian's Redis, then the claims about gateways that meet once more on a current Valkey.
rust: needs
	BEAT_REDIS_SERVERS="redis-server:$$PWD/.tools/bin/valkey-server" cargo test --workspace --exclude beat-load --locked
	# Its claims wait more than they work.
	cargo test -p beat-load --locked -- --test-threads 4
	BEAT_TEST_REDIS="$$PWD/.tools/bin/valkey-server" cargo test --locked -p beat-server --test claims -- gateways topologies

js:
	cd client-js
	npm ci --no-audit --no-fund
	npm run check
	npm test

# A real Chromium against the real server.
browser:
	cargo build --locked
	cd client-js
	npm ci --no-audit --no-fund
	npm run test:browser

# Two thousand honest fans beside four hundred that mean no good; about 75 seconds, and no part of `make test`.
hostile:
	cargo build --release --locked -p beat-server -p beat-load
	scripts/hostile

bench:
	cargo bench --locked -p beat-benches
	cargo build --release --locked -p beat-server
	cargo run --release --locked -p beat-benches --bin end_to_end
