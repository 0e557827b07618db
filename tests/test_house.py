"""The house rules that no linter holds."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "heitler").rglob("*.py"))
MODULES = [
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCES
    if path.name != "__main__.py"
]
# Parts are joined so that this file does not find itself.
MACHINE = re.compile(
    "|".join(
        re.escape("/" + name + "/") for name in ("work", "tmp/dev", "root", "home", "Users", "mnt")
    )
)
REGISTRY = re.compile(
    "|".join(("index" + "-url", "trusted" + "-host", "nexus" + r"\.", "arti" + "factory"))
)


def python(code):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(words, capture_output=True, text=True, env=environment, check=False)


def test_importing_the_package_is_fast_and_light():
    code = """
import sys, time
start = time.perf_counter()
import heitler
seconds = time.perf_counter() - start
heavy = {"torch", "lightning", "matplotlib", "sklearn", "h5py", "numpy"} & set(sys.modules)
assert not heavy, heavy
print(seconds)
"""
    seconds = []
    for _ in range(3):
        done = python(code)
        assert done.returncode == 0, done.stderr
        seconds.append(float(done.stdout))
    assert min(seconds) < 1.0


def test_the_command_line_answers_without_heavy_imports():
    code = """
import sys
from heitler.cli import main
assert main(["--help"]) == 0
assert main(["nonsense"]) == 2
assert not {"torch", "lightning", "matplotlib", "h5py"} & set(sys.modules)
"""
    done = python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_every_module_can_be_imported_alone():
    """The package's own modules are forgotten before each import; those of others stay loaded."""
    code = f"""
import importlib, json, sys
failures = {{}}
for name in {MODULES!r}:
    for loaded in [m for m in sys.modules if m == "heitler" or m.startswith("heitler.")]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception as error:
        failures[name] = repr(error)
print(json.dumps(failures))
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


def test_a_model_needs_neither_files_nor_the_trainer():
    code = """
import sys
import heitler.models, heitler.networks, heitler.losses
assert not {"lightning", "h5py", "matplotlib", "sklearn"} & set(sys.modules)
"""
    done = python(code)
    assert done.returncode == 0, done.stderr


def tracked():
    folders = ["src", "configs", "docs", "tests", "benchmarks", ".ci"]
    files = ["Makefile", "README.md", "CONTRIBUTING.md", "pyproject.toml", "constraints.txt"]
    done = subprocess.run(
        ["git", "ls-files", "-z", *folders, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git repository")
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_knows_a_machine_or_a_registry():
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            text = path.read_bytes().decode("latin-1")
        for pattern in (MACHINE, REGISTRY):
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{line}: {match.group()}")
    assert found == []


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda p: str(p.relative_to(ROOT / "src" / "heitler"))
)
def test_files_and_functions_keep_their_size_and_their_voice(path):
    text = path.read_text()
    assert text.count("\n") < 400
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module begins with what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 80, node.name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"exit", "quit"}
            assert node.func.id != "print" or path.parent.name == "cli", node.lineno
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: raise, do not assert"


@pytest.mark.parametrize("name", MODULES)
def test_public_names_exist(name):
    module = __import__(name, fromlist=["__all__"])
    public = getattr(module, "__all__", [])
    assert len(public) == len(set(public))
    for entry in public:
        assert hasattr(module, entry), entry


def test_no_room_without_a_name():
    names = {path.stem for path in SOURCES} | {path.parent.name for path in SOURCES}
    assert not names & {"utils", "util", "helpers", "common", "core", "misc"}
