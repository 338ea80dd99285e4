# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the documents name in backticks and in blocks of shell, and whether the tree has it."""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from iree.compiler import ir
from test_names import PACKAGE, ROOT

from tlm_mlir.cli import main
from tlm_mlir.cli.parser import make_parser
from tlm_mlir.frontends.drop_in import OFF, QUIET
from tlm_mlir.iree.session import iree_compile
from tlm_mlir.language.vocabulary import TOKENS
from tlm_mlir.training.recipe import Settings, stages

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(ROOT / folder / "README.md" for folder in ("model", "passes", "tests/cases")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
]
SKIPPED = {".git", ".venv", "build", "dist", "__pycache__", "Output"}
FOREIGN = {
    *("iree-compile", "iree-opt", "iree-run-module", "iree-benchmark-module", "iree-profile"),
    *("iree-base-runtime", "ptxas", "nvdisasm"),
    *("llvm-cpu", "llvm", "cat", "pytest", "yield", "nvvm.minctasm"),
    *("transformers.GPT2LMHeadModel", "NO_COLOR"),
}
"""Programs, names and variables of others."""
MADE = {"IN.mlir", "in.mlir", "module.mlir", "OUT.vmfb", "bundle.zip", "build/lavapipe", ".venv"}
MADE |= {"@flags.txt", "$XDG_CACHE_HOME/tlm-mlir", "~/.cache/tlm-mlir"}
MADE |= {"$XDG_CACHE_HOME/tlm-mlir", "~/.cache/tlm-mlir"}
MADE |= {"$XDG_RUNTIME_DIR/tlm-mlir", "~/.cache/tlm-mlir/run"}
"""Files that a reader has or makes."""
PROSE = {"// SCHEDULE:", "// SCHEDULE: <part of the dispatch's name> <tokens>"}
PROSE |= {".mlir", ".passlist"}
"""Parts of files that are quoted as they stand there."""
_SUFFIXES = (
    *(".py", ".md", ".toml", ".mlir", ".json", ".jsonl.xz", ".safetensors", ".zip", ".c", ".vmfb"),
)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DRAWN = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|mlir|c|sh)\b|(?<=── )[\w/]+/(?=\s)")
"""A path in a block that is no code, such as a picture of the data flow or of folders."""
_TICKED = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
_BUNDLED = "tlm_mlir.measure.bundled.runner"
"""What runs when a bundle is run."""
_SHELL = {"cd", "cp", "mkdir", "python3", "pip", ".venv/bin/lit"}


@dataclass
class Known:
    """Names that the sources define: of modules, in modules, in classes, and anywhere."""

    modules: dict[str, set[str]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)


def _defined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
        yield node.id if isinstance(node, ast.Name) else node.attr
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).split(".")[0]


@cache
def known() -> Known:
    """What the sources of the package and its tests define."""
    found = Known()
    for path in [*PACKAGE.rglob("*.py"), *sorted((ROOT / "tests").rglob("*.py"))]:
        tree = ast.parse(path.read_text())
        parts = path.relative_to(ROOT).with_suffix("").parts
        inside = {name for node in ast.walk(tree) for name in _defined(node)}
        # A test may quote what is gone.
        if path.name != "test_documents.py":
            found.names |= inside | {part for part in parts if part != "__init__"}
            found.texts |= {
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
        found.modules[".".join(part for part in parts if part != "__init__")] = inside
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                members = {name for inner in ast.walk(node) for name in _defined(inner)}
                found.members.setdefault(node.name, set()).update(members)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found.texts |= set(project["optional-dependencies"])
    found.texts |= {stage.name for stage in stages(Path("run"), Settings())}
    return found


def code_name(text: str) -> bool:
    """Whether sources define a name: `Size`, `Options.flags`, `ir.dispatch.find_dispatches`."""
    parts = text.split(".")
    if len(parts) == 1:
        return text in known().names or text in known().texts
    *owner, last = parts
    if owner[-1] in known().members:
        return last in known().members[owner[-1]]
    ending = ".".join(owner)
    for module, inside in known().modules.items():
        if f".{module}".endswith(f".{ending}") and (
            last in inside or f"{module}.{last}" in known().modules
        ):
            return True
    return False


@cache
def files() -> list[Path]:
    """All files and folders of the tree, relative to its root."""
    found = []
    for path in ROOT.rglob("*"):
        inside = path.relative_to(ROOT)
        if not SKIPPED & set(inside.parts):
            found.append(inside)
    return found


def is_path(text: str) -> bool:
    """Whether a text can only be a path."""
    return " " not in text and ("/" in text or text.endswith(_SUFFIXES))


def path_exists(text: str, document: Path) -> bool:
    """Whether a path is in the tree, as seen from its root, the package or the document; a name
    alone may be anywhere. `<...>` and `*` stand for something."""
    pattern = re.sub(r"<[^>]*>", "*", text).rstrip("/")
    if "/" not in pattern:
        return any(path.match(pattern) for path in files())
    places = (ROOT, PACKAGE, document.parent)
    return any(any(place.glob(pattern)) for place in places)


@cache
def flags_of(*program: str) -> str:
    """The help of a program or a command of ours."""
    if program == ("tlm-mlir", "iree-compile"):
        # It becomes stock's process.
        return f"{irees_flags()} {QUIET} {OFF}"
    if program[0] == "tlm-mlir":
        with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
            main([*program[1:], "--help"])
        return printed.getvalue()
    command = [sys.executable, *program, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    # torch, which some scripts need, is in an extra.
    assert not done.returncode or "No module named 'torch'" in done.stderr, done.stderr
    return done.stdout


@cache
def commands() -> dict[str, argparse.ArgumentParser]:
    """The subcommands of `tlm-mlir`."""
    (action,) = (
        action
        for action in make_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return dict(action.choices)


@cache
def irees_flags() -> str:
    """What `iree-compile` tells of its flags and their values."""
    return iree_compile("--help-hidden", []).stdout


@cache
def written_names() -> set[str]:
    """Texts of the package in which symbols and attributes of IREE's are written."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value.replace("\\.", "."))
    return found


def unknown_flags(words: list[str], told: str) -> list[str]:
    """The flags among words that a help does not tell."""
    given = [word.split("=")[0] for word in words if word.startswith("-") and word != "-"]
    return [flag for flag in given if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", told)]


def flag_known(text: str) -> bool:
    """Whether some command of ours, or IREE, has a flag."""
    words = shlex.split(text)
    flag = words[0].split("=")[0]
    if flag.startswith("--iree-") and flag != "--iree-arg":
        return f"  {flag}" in irees_flags()
    programs = [("tlm-mlir", name) for name in commands()]
    scripts = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("benchmarks/*.py"))]
    programs += [(path,) for path in [*scripts, "tests/golden/record.py"]]
    return any(not unknown_flags([flag], flags_of(*program)) for program in programs)


def wrong_command(text: str) -> str:
    """What is wrong with a command line, nothing where it is right or another program's."""
    words = shlex.split(text, comments=True)
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    if not words or words[0] in _SHELL or words[0] in FOREIGN:
        return ""
    first, *rest = words
    if first in ("tlm-iree-compile", "tlm-schedule"):
        # Whatever IREE takes, and a filter that never fails.
        return ""
    if first == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        gone = [word for word in rest if "=" not in word and word not in targets]
        return f"no target {gone[0]}" if gone else ""
    if first == "tlm-mlir":
        return _wrong_subcommand(rest) if rest else ""
    if first.endswith("python"):
        return _wrong_script(rest)
    return f"no program {first}"


def _wrong_subcommand(words: list[str]) -> str:
    name, *rest = words
    if name.startswith("-"):
        gone = unknown_flags(words, flags_of("tlm-mlir"))
        return f"tlm-mlir has no {gone[0]}" if gone else ""
    if name not in commands():
        return f"tlm-mlir has no command {name}"
    told = flags_of("tlm-mlir", name)
    # What takes IREE's flags one by one takes them as they are, too.
    told += irees_flags() if "--iree-arg" in told else ""
    gone = unknown_flags(rest, told)
    return f"tlm-mlir {name} has no {gone[0]}" if gone else ""


def _wrong_script(words: list[str]) -> str:
    if words[:1] == ["-m"]:
        if words[1] == "pytest":
            gone = [word for word in words[2:] if "/" in word and not (ROOT / word).exists()]
            return f"no file {gone[0]}" if gone else ""
        name = words[1]
        return "" if name in known().modules else f"no module {name}"
    if words[0].endswith(".zip"):
        program: tuple[str, ...] = ("-c", f"from {_BUNDLED} import main; main()")
    elif (ROOT / words[0]).is_file():
        program = (words[0],)
    else:
        return f"no file {words[0]}"
    told = flags_of(*program)
    gone = unknown_flags(words[1:], told) if told else []
    return f"{words[0]} has no {gone[0]}" if gone else ""


def shell_lines(text: str) -> Iterator[str]:
    """The command lines of a document's blocks of shell, those over several lines as one."""
    for language, block in _FENCED.findall(text):
        if language == "sh":
            yield from re.sub(r"\\\n\s*", "", block).splitlines()


def drawn_paths(text: str) -> Iterator[str]:
    """Paths in a document's pictures."""
    for language, block in _FENCED.findall(text):
        if not language:
            yield from _DRAWN.findall(block)


def ticked(text: str) -> Iterator[str]:
    """What stands in backticks outside of blocks, on one line."""
    for found in _TICKED.findall(_FENCED.sub("", text)):
        yield re.sub(r"\s+", " ", found)


def is_token(text: str) -> bool:
    """Whether all words are tokens of the language."""
    return all(word in TOKENS for word in text.split())


def is_irees(text: str) -> bool:
    """Whether IREE or MLIR has an op, a dialect, an attribute or a phase of a name."""
    name = text.lstrip("#@!").split(" ")[0]
    if f"={name} " in irees_flags():
        return True
    if name != text and any(name in written for written in written_names()):
        return True
    with ir.Context() as context:
        context.allow_unregistered_dialects = False
        if any(map(context.is_registered_operation, (name, f"linalg.{name}"))):
            return True
        with contextlib.suppress(Exception):
            return bool(context.dialects[name])
    return False


def missing(text: str, document: Path) -> str:
    """What is wrong with a text in backticks; nothing where it is in the tree, or foreign."""
    if text.split()[0] in FOREIGN or text in MADE or text in PROSE or is_token(text):
        return ""
    if text.startswith("--"):
        return "" if flag_known(text) else "no such flag"
    if is_path(text):
        return "" if path_exists(text, document) else "no such file"
    words = text.split()
    if words[0] in ("tlm-mlir", "make", "python"):
        return wrong_command(text)
    if words[0] in commands() and len(words) > 1:
        return wrong_command(f"tlm-mlir {text}")
    if words[0].endswith(".py"):
        return wrong_command(f"python {text}")
    name = re.sub(r"\(.*\)$", "", text)
    if name in known().texts or (_IDENTIFIER.match(name) and code_name(name)):
        return ""
    return "" if name in commands() or is_irees(text) else "nothing of that name"
