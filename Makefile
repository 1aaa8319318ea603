.DEFAULT_GOAL := help
SOURCES := bot cli client queue webui worker tests bench tools
PYTEST := uv run pytest
PACKAGES := -p zosma -p zosma_bot -p zosma_cli -p zosma_queue -p zosma_webui -p zosma_worker

.PHONY: help
help: ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: check
check: lint types imports test ## Everything that CI checks

.PHONY: lint
lint: ## Style and likely mistakes (ruff)
	uv run ruff check $(SOURCES)
	uv run ruff format --check $(SOURCES)

.PHONY: types
types: ## Types (mypy strict)
	uv run mypy $(PACKAGES)
	MYPYPATH=tests uv run mypy --explicit-package-bases tests/loopback tests/chaos tests/fuzz
	uv run mypy tools

.PHONY: imports
imports: ## Import direction: cli → bot | worker | webui → queue
	uv run lint-imports

.PHONY: test
test: ## All tests
	$(PYTEST)

.PHONY: fuzz
fuzz: ## The parsers of strangers' text and bytes, for long (FUZZ_EXAMPLES=… of each)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),20000) $(PYTEST) -q tests/test_fuzz.py

.PHONY: fuzz-guided
fuzz-guided: ## The same fed by atheris, which seeks new branches, where it has a wheel (FUZZ_SECONDS=… for each)
	PYTHONPATH=tests uv run --group fuzz python -m fuzz --seconds $(or $(FUZZ_SECONDS),60)

CHAOS := PYTHONPATH=tests uv run python -m chaos
.PHONY: chaos
chaos: ## A killing spree of half an hour, with a ledger (SEED=… replays one; BUCKET=1: pictures lie in a bucket)
	$(CHAOS) --seconds 1800 --every 5 $(if $(SEED),--seed $(SEED)) $(if $(BUCKET),--bucket)

.PHONY: chaos-short
chaos-short: ## Its five-minute form
	$(CHAOS) --seconds 240 --every 4 $(if $(SEED),--seed $(SEED)) $(if $(BUCKET),--bucket)

.PHONY: format
format: ## Format the code and mend what can be mended
	uv run ruff check --fix $(SOURCES)
	uv run ruff format $(SOURCES)

.PHONY: coverage
coverage: ## Tests with branch coverage
	uv run coverage run -m pytest
	uv run coverage report --skip-covered

.PHONY: translations
translations: ## What the translations lack beside English (ONLY=… one language)
	uv run python -m zosma_bot.discord.ui.translation_check $(ONLY)

.PHONY: bench
bench: ## All benchmarks, ours beside other task queues, into docs/benchmarks.md (an hour, on a quiet machine; OPTIONS="--no-kills --soak")
	uv run --with matplotlib python bench/report.py $(OPTIONS)

.PHONY: bench-quick
bench-quick: ## Two minutes of them, beside the last table
	uv run python bench/report.py --quick

EXPORT := uv export --quiet --no-annotate --no-header
.PHONY: requirements
requirements: ## Write the images' hash-pinned requirement files anew
	$(EXPORT) --only-group image-bot --output-file requirements/webserver.txt
	$(EXPORT) --only-group image-worker --output-file requirements/workershim.txt
	$(EXPORT) --only-group image-traces --output-file requirements/traces.txt
	$(EXPORT) --only-group build --output-file requirements/build.txt

.PHONY: sbom
sbom: ## What each image installs, as CycloneDX, into dist/
	mkdir -p dist
	$(EXPORT) --preview-features sbom-export --format cyclonedx1.5 --only-group image-bot --output-file dist/zosma-sd-webserver.cdx.json
	$(EXPORT) --preview-features sbom-export --format cyclonedx1.5 --only-group image-worker --output-file dist/zosma-sd-workershim.cdx.json

.PHONY: docs
docs: ## The documentation's site, into dist/docs; a broken link ends it
	uv run sphinx-build --quiet --fresh-env --write-all --fail-on-warning --nitpicky --builder html docs dist/docs

.PHONY: links
links: ## Do the documentation's links to other sites lead somewhere? (needs the internet)
	uv run sphinx-build --quiet --builder linkcheck docs dist/links

.PHONY: chart
chart: ## The Helm chart rendered in five shapes and held against Kubernetes' schemas (fetches 100 MB the first time)
	CI=true uv run --group chart pytest -n0 -q tests/test_chart.py

.PHONY: reference
reference: ## The pages of all settings and all commands anew, from the code
	uv run python tools/reference.py

.PHONY: licences
licences: ## The licences of all that Zosma installs, into docs/licences.md
	uv run python tools/licences.py

.PHONY: records
records: ## What this version leaves in Redis, into tests/records, for later versions' tests: once for each release
	uv run python tools/records.py

.PHONY: release
release: ## Is this fit to be released? Changelog, tag, chart, wheels, pins, SBOM; publishes nothing
	uv run python tools/release.py

.PHONY: advisories
advisories: ## Known flaws in what the images install (pip-audit; needs an advisory source to be reachable)
	uv tool run pip-audit --require-hashes --disable-pip -r requirements/webserver.txt -r requirements/workershim.txt
