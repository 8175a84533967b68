# Two commands are enough: `make up` and `make test`.
.DEFAULT_GOAL := help
.PHONY: help up test check bench eval reset lock clean
.DELETE_ON_ERROR:

PORT ?= 8000
BIN := .venv/bin
INSTALLED := .venv/.installed
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(INSTALLED) ## start everything with demo data on port 8000 (PORT=8001 for another); Ctrl-C stops it
	@exec $(BIN)/python app/tether.py SIGTERM $$PPID - $(BIN)/torg up --port $(PORT)

test: $(INSTALLED) ## run the tests, on a PostgreSQL and a Meilisearch of their own
	@$(BIN)/python -m pytest $(ARGS)

check: $(INSTALLED) ## style, types, layers, and that openapi.yaml is the generated one
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m app.openapi_file --check

bench: $(INSTALLED) ## measure search, import, time to searchable and memory
	@$(BIN)/python -m bench $(ARGS)

eval: $(INSTALLED) ## judge search by questions with known answers (URL=http://… for a running one)
	@$(BIN)/python -m eval $(if $(URL),--url $(URL)) $(ARGS)

reset: $(INSTALLED) ## forget the local data; the fetched Meilisearch program stays
	@$(BIN)/torg reset

# A lock names no address: where packages come from is the machine's setting, what they are is the hash's.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header $(UPGRADE) pyproject.toml

lock: $(INSTALLED) ## resolve the requirements again (UPGRADE=--upgrade takes newer versions)
	$(COMPILE) --output-file requirements/app.txt
	$(COMPILE) --extra local --constraint requirements/app.txt --output-file requirements/local.txt
	$(COMPILE) --extra local --extra dev requirements/build.in \
	  --constraint requirements/local.txt --output-file requirements/dev.txt
	@if grep -nE '://|@ ' requirements/*.txt; then echo 'A lock file names an address.' >&2; exit 1; fi

clean: ## remove the virtual environment and all caches; the local data stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is there, runs and is new enough; a shim that runs nothing is passed over.
$(INSTALLED): requirements/dev.txt pyproject.toml
	@for candidate in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	  if $$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
	  echo 'Torg needs Python 3.11 or newer with its venv module, and found none.' >&2; exit 6; \
	fi; \
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Making a virtual environment with $$python …"; \
	  rm -rf .venv; $$python -m venv .venv; \
	fi
	@echo 'Installing the requirements (a minute, once) …'
	@rm -f $@; { $(INSTALL) --require-hashes -r requirements/dev.txt && \
	  $(INSTALL) --no-deps --no-build-isolation -e . && touch $@; } | awk -v all="$$(grep -c == requirements/dev.txt)" ' \
	  /^(Collecting|Requirement already)/ && n < all { printf "\r  %d of %d packages", ++n, all; fflush() } \
	  /^Installing collected/ { printf "\r  unpacking them …        "; fflush() } \
	  END { print "" }'
	@test -e $@
