# make run    starts the service with sample patients        make run HOST=0.0.0.0 PORT=9000
# make test   checks style, types and imports, runs the tests, on both databases    make test ENGINE=sqlite
# make bench  measures, and writes docs/benchmarks.md          make reading  writes of it what runs for one request
# make bench-peers  measures the same beside clinicedc and dateutil.rrule, and writes docs/peers.md
# make bench-scale  measures many patients on both engines, writes docs/scale.md    make bench-scale PATIENTS=20000
# make clients    lints openapi.yaml, makes clients of it for Python and TypeScript, and tries them (needs a network)
# make examples, openapi, vendored, pictures, lint, lock, clean: see below
#
# All of them first make .venv from requirements.lock, if it is not there. Another interpreter: make PYTHON=python3.13

PYTHON = python3
HOST = 127.0.0.1
PORT = 8000

BIN = .venv/bin
# Two stamps: what is installed from the lock changes rarely and takes a minute, our own package takes seconds.
LOCKED = .venv/.locked
INSTALLED = .venv/.installed

# clinicedc needs Python 3.12 to 3.14, and an environment apart: make bench-peers PEERS_PYTHON=/usr/bin/python3.13
PEERS_PYTHON = python3.12
PEERS = .venv-peers/.installed

# Hundreds of tests start processes of their own: what one has compiled the next need not compile again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run vendored pictures test bench reading bench-peers bench-scale examples clients openapi lint lock clean

run: $(INSTALLED)
	@$(BIN)/scheduler-api demo --host $(HOST) --port $(PORT)

# Fetches the files of others that the pages use, by their names, and checks their hashes. It needs npm.
STATIC = scheduler_api/web/static
vendored:
	@grep -v '^#' $(STATIC)/vendored.txt | while read -r package version path file hash; do \
		folder=$$(mktemp -d) && npm pack --silent --pack-destination $$folder $$package@$$version > /dev/null \
		&& tar xzf $$folder/*.tgz -C $$folder && cp $$folder/package/$$path $(STATIC)/$$file \
		&& echo "$$hash  $(STATIC)/$$file" | sha256sum --check && rm -r $$folder || exit 1; done

# Makes the pictures of the README anew, by the demo in a browser (Chromium).
pictures: $(INSTALLED)
	PYTHONPATH=tests $(BIN)/python -m web.pictures

# Those that touch a database run on both engines; ENGINE=sqlite or ENGINE=postgresql runs them on one, which is quicker.
ENGINE = both
# One process more than two cores have: some tests wait for servers that they kill.
PROCESSES = 3
test: lint
	$(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder --engine $(ENGINE)

bench: $(INSTALLED)
	$(BIN)/python -m bench

reading: $(INSTALLED)
	$(BIN)/python -m bench.reading

bench-peers: $(INSTALLED) $(PEERS)
	$(BIN)/python -m bench.peers .venv-peers/bin/python

# It needs `wrk`. A million take about an hour, and 65 GB on the disk.
PATIENTS = 1000000
bench-scale: $(INSTALLED)
	$(BIN)/python -m bench.scale $(PATIENTS)

# Carries out the examples of the contract and keeps the answers, of which the contract is then made.
examples: $(INSTALLED)
	$(BIN)/pytest --quiet --engine sqlite --record-examples tests/api/test_examples.py
	@$(MAKE) --no-print-directory openapi

# The contract is replaced only by a whole one.
openapi: $(INSTALLED)
	@$(BIN)/scheduler-api openapi > openapi.yaml.new || { rm -f openapi.yaml.new; exit 1; }
	@mv openapi.yaml.new openapi.yaml

# Lints the contract, and makes and tries clients from it. Needs a network, node and npm; all is made in build/clients.
clients: $(INSTALLED)
	$(BIN)/python clients/try_clients.py

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Keeps the versions that still fit setup.cfg; `make lock UPGRADE=--upgrade` takes the newest. Made with the oldest
# Python we run on, so that nothing it needs is left out.
UPGRADE =
lock: $(LOCKED)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo 'make lock needs a .venv of Python 3.11: make clean, then make lock PYTHON=python3.11' >&2; exit 1; }
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile setup.cfg --extra pdf --extra test --extra bench --extra dev \
		--output-file requirements.lock --generate-hashes --allow-unsafe --strip-extras --quiet $(UPGRADE) \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

# Leaves instance/ alone: that is data.
clean:
	rm -rf .venv .venv-peers build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(LOCKED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo '$(PYTHON) is not Python 3.11 or newer; name one that is: make PYTHON=python3.12' >&2; exit 1; }
	@echo 'Installing the versions of requirements.lock into .venv (about a minute, only this time)'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Without build isolation: setuptools, too, is the one of the lock. (It warns at every editable installation.)
$(INSTALLED): $(LOCKED) setup.cfg
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/pip check
	@touch $@

$(PEERS): bench/peers/requirements.txt
	@$(PEERS_PYTHON) -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 15))' 2>/dev/null || \
		{ echo '$(PEERS_PYTHON) is not Python 3.12, 3.13 or 3.14; name one: make bench-peers PEERS_PYTHON=…' >&2; exit 1; }
	@echo 'Installing clinicedc into .venv-peers (some minutes, only this time); what it needs: $<'
	@$(PEERS_PYTHON) -m venv --clear .venv-peers
	@.venv-peers/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@
