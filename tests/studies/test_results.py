"""What the studies share: cells that are measured once, provenance, stored results, and the command."""

import argparse
import json
from dataclasses import dataclass, replace
from importlib import import_module

import pytest

from tools import study
from vistext.studies.results import provenance, run_cells


@dataclass(frozen=True)
class Plan:
    seeds: tuple[int, ...] = (0, 1)


HEAD = provenance("trial", "Does it work?", Plan())
CELLS = [{"seed": seed, "condition": condition} for seed in (0, 1) for condition in ("with", "without")]


def measure(seed, condition):
    return {"accuracy": seed + len(condition)}


def test_cells_are_measured_once_and_an_interruption_loses_no_finished_one(tmp_path):
    out, calls = tmp_path / "trial.json", []

    def interrupted(**keys):
        calls.append(keys)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return measure(**keys)

    with pytest.raises(KeyboardInterrupt):
        run_cells(out, HEAD, CELLS, interrupted)
    kept = json.loads(out.read_text())["cells"]
    assert len(kept) == 2
    results = run_cells(out, HEAD, CELLS, interrupted)
    assert calls[3:] == CELLS[2:]
    assert results["cells"][:2] == kept
    assert [{name: cell[name] for name in CELLS[0]} for cell in results["cells"]] == CELLS
    assert json.loads(out.read_text()) == results
    assert len(out.read_text().splitlines()) > len(CELLS)  # a line for each cell
    assert all(cell["seconds"] >= 0 for cell in results["cells"])
    assert not list(tmp_path.glob("*.part"))
    assert run_cells(out, HEAD, CELLS, None) == results  # nothing is missing


def test_results_of_another_plan_are_refused_or_replaced(tmp_path):
    out, other = tmp_path / "trial.json", provenance("trial", "Does it work?", Plan(seeds=(0,)))
    run_cells(out, HEAD, CELLS, measure)
    before = out.read_bytes()
    with pytest.raises(ValueError, match="another plan; give --fresh"):
        run_cells(out, other, CELLS[:2], measure)
    assert out.read_bytes() == before
    assert len(run_cells(out, other, CELLS[:2], measure, fresh=True)["cells"]) == 2


def test_the_head_says_how_results_were_made():
    assert (HEAD["name"], HEAD["asks"], HEAD["plan"]) == ("trial", "Does it work?", {"seeds": [0, 1]})
    assert {"python", "tensorflow", "keras"} <= HEAD["versions"].keys()


@pytest.mark.parametrize("name", study.STUDIES)
def test_stored_results_are_complete_and_missing_ones_name_their_command(name, tmp_path):
    module = import_module(f"vistext.studies.{name}")
    results = module.load()
    if name != "decoding_strategies":  # whose plan holds the checksums of its weights
        assert results["plan"] == provenance("", "", module.FULL)["plan"]
    seeds = module.FULL.groups if name == "decoding_strategies" else len(module.FULL.seeds)
    assert len(results["cells"]) % seeds == 0
    assert module.table(results)
    with pytest.raises(FileNotFoundError, match=f"`python -m tools study {name}` makes it"):
        module.load(folder=tmp_path)


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Runs a study by the command; without plans that need anything."""
    module = import_module("vistext.studies.fusion_ablation")
    monkeypatch.setattr(module, "prepare", lambda plan: None)
    accuracy = dict.fromkeys(module.TASKS, 0.5)
    monkeypatch.setattr(module, "run_cell", lambda *_: {"accuracy": {"its own": accuracy}})
    parser = argparse.ArgumentParser()
    study.add_arguments(parser)
    arguments = parser.parse_args(["fusion_ablation", "--quick", "--out", str(tmp_path / "quick.json")])
    return module, lambda: study.run(arguments)


def test_the_command_prints_a_table_and_refuses_the_results_of_another_plan(command, monkeypatch, capsys):
    module, run = command
    assert run() == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*module.NETWORKS, *module.TASKS, "The results are"))
    monkeypatch.setattr(module, "QUICK", replace(module.QUICK, seeds=(0,)))
    assert run() == 2
    assert "another plan" in capsys.readouterr().err
