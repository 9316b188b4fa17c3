# make tour         set up, then one picture through the course (PICTURE=my.jpg for your own)
# make test         set up, then the unit tests, and every lesson run again and compared with what it shows
# make test-all     that, and every lesson in a browser and as on Colab, and the course on every version that it supports
# make lab          JupyterLab on the first lesson
# make notebooks    run every lesson again, and store its outputs
# make weights      train the shipped weights again (resumes where it was interrupted)
# make studies      measure again what lessons plot (hours; what is measured already is kept)
# make bench        describing, answering, grading and tagging: ours, timed beside what is plainer
# make test-browser every lesson opened, run and played with in JupyterLab, in Chromium; what it looked like is in out/browser
# make test-colab   every lesson run in environments like Colab's
# make test-matrix  the tour, the networks and every lesson on each Python, and on the lowest and the newest packages, supported
# make environments all three side by side: what `make test-all` adds to `make test`
# make lint         ruff and mypy
# make unit, make lessons, make clean
#
# Everything is installed into .venv, so that a second run starts at once. Settings, all optional:
#   PYTHON=python3.12   the Python to make .venv from
#   EXTRA=gpu           TensorFlow for an NVIDIA GPU, on Linux
#   JOBS=4              how many unit tests run side by side
#   LESSONS=notebooks/00_tour.ipynb    which lessons to run

VENV := .venv
BIN := $(VENV)/bin
EXTRA ?= $(if $(wildcard $(VENV)/.gpu-*),gpu,cpu)
OTHER := $(if $(filter gpu,$(EXTRA)),cpu,gpu)
JOBS ?= 2
LESSONS ?= $(sort $(wildcard notebooks/[0-9][0-9]_*.ipynb))

# Patience with a slow network, unless the environment says otherwise; where to install from is for pip's own settings to say.
PIP := PIP_DEFAULT_TIMEOUT=$${PIP_DEFAULT_TIMEOUT:-120} PIP_RETRIES=$${PIP_RETRIES:-10} \
	PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip

# What each set of extras brings along, so that `make tour` after `make test` has nothing left to install.
COVERS_base := base
COVERS_course := base course
COVERS_dev := base course dev
comma := ,

define PROBE
import sys
try:
    import ensurepip, venv
    lacking = ""
except ImportError:
    lacking = " without venv"
print("%d.%d%s" % (sys.version_info[0], sys.version_info[1], lacking))
sys.exit(bool(lacking) or not (3, 10) <= sys.version_info[:2] <= (3, 13))
endef
export PROBE

# Of pip's settings those hold that say where packages come from; those that would put them elsewhere, or not all, do not.
export PIP_USER := 0
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_DRY_RUN PIP_NO_DEPS PIP_IGNORE_INSTALLED PIP_REQUIRE_HASHES \
	PIP_REQUIREMENT PIP_EDITABLE PIP_PLATFORM PIP_PYTHON_VERSION PIP_IMPLEMENTATION PIP_ABI PYTHONHOME PYTHONPATH

# Scripts and the link to Python inside .venv break when the folder is moved or its Python changes: what installs makes
# .venv again then, and also where another version of Python is asked for. Here it is only looked at.
VERSION := -I -c 'import sys; print("%d.%d" % sys.version_info[:2])'
OUTDATED := $(sort $(shell if [ -e $(VENV)/.made ]; then [ "$$(cat $(VENV)/.made)" = "$$(pwd -P)" ] || echo outdated; \
	for python in $(BIN)/python $(PYTHON); do \
		[ -d $(VENV)/lib/python$$($$python $(VERSION) 2>/dev/null) ] || echo outdated; \
	done; fi))

.PHONY: $(OUTDATED) help tour test test-all unit lessons environments test-browser test-colab test-matrix lab notebooks weights studies bench lint clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

tour: $(VENV)/.$(EXTRA)-base
	@$(BIN)/python -m vistext tour $(if $(PICTURE),"$$PICTURE")

# One part after the other, each with the time that it took; whatever fails ends it.
define parts
@all=$$(date +%s); for part in $(1); do \
	began=$$(date +%s); printf '\n== %s\n' "$$part"; \
	$(MAKE) --no-print-directory $(2) $$part || { echo "== $$part failed after $$(($$(date +%s) - began)) s"; exit 1; }; \
	echo "== $$part: $$(($$(date +%s) - began)) s"; \
done; echo "== $(1): $$(($$(date +%s) - all)) s in all"
endef

test: $(VENV)/.$(EXTRA)-dev
	@echo "The unit tests, then every lesson: 10 to 20 minutes on two cores that have nothing else to do."
	$(call parts,unit lessons)

# What is released tomorrow does not fail it: the newest packages are those that are noted, until `make environments` has met newer ones.
test-all: lint test
	$(call parts,environments,NEWEST=--noted)

unit: $(VENV)/.$(EXTRA)-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope --timeout 300 --ignore tests/browser --ignore tests/colab --ignore tests/matrix tests

# Side by side, but for lesson 01: it trains for so many seconds, and so has the machine to itself.
NBVAL = $(BIN)/python -m pytest -v -rs --dist loadscope --nbval --nbval-current-env \
	--nbval-sanitize-with tests/notebooks/sanitize.cfg --nbval-cell-timeout 1200 --durations 10
ALONE := %/01_tagging.ipynb

lessons: $(VENV)/.$(EXTRA)-dev
	$(if $(filter $(ALONE),$(LESSONS)),$(NBVAL) -n 1 $(filter $(ALONE),$(LESSONS)))
	$(if $(filter-out $(ALONE),$(LESSONS)),$(NBVAL) -n $(JOBS) $(filter-out $(ALONE),$(LESSONS)))

# Kernels of their own for every lesson, in profile smoke: each environment a worker's, and a core for each worker.
environments: $(VENV)/.$(EXTRA)-dev
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m pytest -v -rs -n $(JOBS) --dist loadscope --timeout 1800 --durations 20 \
		$(NEWEST) tests/matrix tests/colab tests/browser

test-browser: $(VENV)/.$(EXTRA)-dev
	$(BIN)/python -m pytest -v -rs --timeout 1800 tests/browser

test-colab: $(VENV)/.$(EXTRA)-dev
	$(BIN)/python -m pytest -v -rs --timeout 1800 tests/colab

test-matrix: $(VENV)/.$(EXTRA)-dev
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m pytest -v -rs -n $(JOBS) --dist loadscope --timeout 1800 --durations 20 tests/matrix

lab: $(VENV)/.$(EXTRA)-course
	$(BIN)/python -m jupyterlab notebooks/00_tour.ipynb

# In profile cpu, even where there is a GPU: that is what the stored outputs show.
notebooks: $(VENV)/.$(EXTRA)-dev
	VISTEXT_PROFILE=$${VISTEXT_PROFILE:-cpu} $(BIN)/python -m tools notebooks execute $(LESSONS)

# In the order in which they build upon one another.
WEIGHTS = tagger detector segmenter gan image_encoder captioner discriminator qgnet srl fusion
STUDIES = tags tagger_ablation decoding_strategies vqa_ablation srl_labels fusion_ablation

weights: $(VENV)/.$(EXTRA)-base
	set -e; for name in $(WEIGHTS); do $(BIN)/python -m tools weights $$name; done

studies: $(VENV)/.$(EXTRA)-base
	set -e; for name in $(STUDIES); do $(BIN)/python -m tools study $$name; done

bench: $(VENV)/.$(EXTRA)-dev
	$(BIN)/python -m tools bench

lint: $(VENV)/.$(EXTRA)-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

clean:
	@if [ -e $(VENV)/.made ] && [ "$$(cat $(VENV)/.made)" != "$$(pwd -P)" ]; then \
		echo "$(VENV) was made in $$(cat $(VENV)/.made), not here, and stays; it is yours to remove: rm -rf $(VENV)"; \
	else \
		rm -rf $(VENV); \
	fi

$(VENV)/.made: $(OUTDATED)
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.10); do \
		if version=$$($$python -c "$$PROBE" 2>/dev/null); then \
			[ -z "$(OUTDATED)" ] || echo "The folder has moved, or its Python is another: $(VENV) is made again."; \
			echo "Making $(VENV) with $$python ($$version)"; \
			{ { [ -z "$(OUTDATED)" ] && [ "$$($(BIN)/python $(VERSION) 2>/dev/null || echo $$version)" = "$$version" ] && \
				$$python -m venv $(VENV) && $(BIN)/python -m pip --version >/dev/null 2>&1; } || \
				$$python -m venv --clear $(VENV); } && pwd -P >$@; exit; \
		fi; \
		found="$$found$${version:+; $$python is $$version}"; \
	done; \
	found=$${found#; }; \
	echo "vistext needs Python 3.10 to 3.13 with venv (found: $${found:-none}): install one" \
		"(Debian, Ubuntu: sudo apt install python3-venv), then name it: make PYTHON=python3.12 $(or $(MAKECMDGOALS),tour)" >&2; \
	exit 1

# A package whose installation was cut off looks installed to pip, but has no list of its files.
$(VENV)/.$(EXTRA)-%: $(VENV)/.made pyproject.toml
	@if ls $(VENV)/.$(OTHER)-* >/dev/null 2>&1; then \
		$(PIP) uninstall --yes tensorflow tensorflow-cpu && rm -f $(VENV)/.$(OTHER)-*; \
	fi
	@for package in $(VENV)/lib/python3*/site-packages/*.dist-info; do [ -e "$$package/RECORD" ] || rm -rf "$$package"; done
	$(PIP) install --editable '.[$(EXTRA)$(if $(filter-out base,$*),$(comma)$*)]'
	@touch $(foreach covered,$(COVERS_$*),$(VENV)/.$(EXTRA)-$(covered))
