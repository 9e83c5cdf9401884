# Everything a developer does here. `make up PORT=5100` runs a second copy beside the first.

PYTHON := .venv/bin/python
CANDIDATES := python3.12 python3.13 python3.14 python3.11 python3 /usr/bin/python3
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: up test check format demo doctor bench containers openapi fuzz client socketio yjs vercel clean help

up: .venv/.installed ## start everything and print the addresses; Ctrl-C stops it
	@$(PYTHON) -m lib.emulator up

test: .venv/.installed ## run the tests; ARGS="-k name" chooses some of them
	@$(PYTHON) -m pytest $(ARGS)

check: .venv/.installed ## check formatting, lint, types and which part imports which
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m realtime_host.asyncapi --check
	@$(PYTHON) -m lib.openapi --check

format: .venv/.installed ## format the code and fix what can be fixed
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

demo: .venv/.installed ## three people at work in one project, against the running `make up`
	@$(PYTHON) -m lib.emulator demo $(ARGS)

doctor: .venv/.installed ## check that both sides of the running `make up` fit together
	@$(PYTHON) -m lib.emulator doctor $(ARGS)

bench: .venv/.installed ## measure throughput and latency
	@$(PYTHON) -m tests.bench $(ARGS)

containers: .venv/.installed ## check the images and docker-compose.yml
	@$(PYTHON) -m tests.containers $(ARGS)

openapi: .venv/.installed ## write the reference, from what routes and events declare
	@$(PYTHON) -m realtime_host.asyncapi
	@$(PYTHON) -m lib.openapi

fuzz: .venv/.installed ## send FUZZ_EXAMPLES (200) inputs of all sorts to each operation, as every role
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-200} $(PYTHON) -m pytest tests/fuzz --dist load --timeout 900 $(ARGS)

client: .venv/.installed ## try public/collab.js in Node.js, against real hosts
	@$(PYTHON) -m pytest tests/realtime_host/client -n0 $(ARGS)

vercel: .venv/.installed ## build the functions with the Vercel CLI and try each
	@$(PYTHON) -m pytest tests/vercel -n0 --capture no --timeout 900 $(ARGS)

socketio: .venv/.installed ## try the official Socket.IO client, from npm, on real hosts
	@$(PYTHON) -m pytest tests/realtime_host/official_client -n0 $(ARGS)

yjs: .venv/.installed ## try the official Yjs provider, from npm, on real hosts
	@$(PYTHON) -m pytest tests/realtime_host/yjs_client -n0 $(ARGS)

clean: ## remove the environment, caches and ALL local data
	@rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A version manager's shim may exist and still refuse to run, so every candidate proves itself.
.venv/.installed: requirements.txt requirements-dev.txt
	@if ! $(PYTHON) -c '$(USABLE)' 2>/dev/null; then \
		found=; for candidate in $(CANDIDATES); do \
			if $$candidate -c '$(USABLE)' 2>/dev/null; then found=$$candidate; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "No Python 3.11 or later with venv was found: install one" \
				"(on Debian and Ubuntu: apt install python3 python3-venv)." >&2; \
			exit 1; \
		fi; \
		echo "Installing into .venv with $$found ..."; \
		$$found -m venv --clear .venv; \
	fi
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
