# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines of `iree-compile`, read as far as needed to tell how they can be scheduled.

Reading imports nothing of IREE. What is not understood is not guessed: the table below lists what a
compile in this process honours, and any other flag is left to `iree-compile` itself.
"""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .flags import (
    BACKENDS,
    COMPILE_FROM,
    COMPILE_TO,
    CPU,
    CPU_FEATURES,
    DATA_TILING,
    DEVICE,
    LOCAL_BACKENDS,
    MODE,
    OPT_LEVEL,
    TRIPLE,
)
from .phases import GLOBAL_OPTIMIZATION

STANDARD = "-"
OUTPUT = "--o"


class Route(Enum):
    """How a command line is compiled."""

    STOCK = "by iree-compile alone"
    FILTER = "by iree-compile, with a filter that schedules dispatches"
    WHOLE = "in this process, with all that is decided"


STOCK_ALONE = re.compile(
    r"--(version|h|help(-hidden|-list|-list-hidden)?|print-(all-)?options"
    r"|iree-(hal-list-target-backends|list-plugins|llvmcpu-list-targets|print-plugin-info)"
    # Schedules or executables of the user's own.
    r"|iree-codegen-(transform-dialect-library|tuning-spec-path)"
    r"|iree-hal-(preprocess-executables-with|substitute-executable-[a-z-]+))"
)
"""Flags under which nothing is compiled, or the user says how dispatches are."""
HONOURED = re.compile(
    r"--(iree-(hal-target-(device|backends)|hal-local-target-device-backends"
    r"|input-[a-z0-9-]+|torch-[a-z-]+|opt-(?!export|splat)[a-z-]+|global-opt-[a-z0-9-]+"
    r"|dispatch-creation-[a-z-]+|stream-(resource|partitioning)-[a-z-]+"
    r"|(cuda|vulkan)-target(-features)?"
    r"|llvmcpu-(target|enable|loop|slp|use|fail|disable|stack|reassociate|skip|vector|max)-[a-z-]+"
    r"|llvmcpu-(link-embedded|debug-symbols|distribution-size|number-of-threads)"
    r"|vm-target-[a-z0-9-]+|vm-bytecode-module-strip-[a-z-]+"
    r"|hal-(executable-debug-level|link-executables|memoization)))"
)
"""Flags that mean in a session of this process what they mean to `iree-compile`. They write no file
of their own and print nothing."""
LATER = re.compile(
    r"--(compile-to|output-format|emit-mlir-bytecode|mlir-disable-threading"
    r"|mlir-elide-(elementsattrs-if-larger|resource-strings-if-larger)"
    r"|iree-(hal-(dump-executable-[a-z]+-to|benchmark-dispatch-repeat-count)"
    r"|llvmcpu-(keep-linker-artifacts|link-static|static-library-output-path)"
    r"|vm-[a-z0-9-]+|scheduling-[a-z-]+))"
)
"""Flags that mean nothing before dispatches are formed."""
BEHIND = (DATA_TILING,)
"""Flags that a program needs behind `global-optimization` for what is decided before: those of the
decision points, which change nothing else there."""
EMPTY_MODES = ("vm", "precompile")
"""Modes in which no executable is compiled."""
WITHOUT_CODE = (
    *("start", "input", "abi", "preprocessing", "global-optimization", "dispatch-creation"),
    *("flow", "stream", "executable-sources"),
)
"""Phases at whose end no dispatch has a lowering yet."""
_VALUED = (
    *(OUTPUT, DEVICE, BACKENDS, LOCAL_BACKENDS, CPU, CPU_FEATURES, TRIPLE, OPT_LEVEL),
    *(COMPILE_TO, MODE),
)
"""Flags whose value may be the next argument. Of others it is found out where it matters."""
_TARGETS = {
    "llvm-cpu": "llvm-cpu",
    "cuda": "cuda",
    "vulkan": "vulkan",
    "vulkan-spirv": "vulkan",
}
"""Backends and devices that there are schedules for, by the name that `Options.target` has."""
LOCAL, DESCRIBED = "local", "?"
_NESTED = 8
"""Response files in response files, at most."""


@dataclass(frozen=True)
class CommandLine:
    """A command line of `iree-compile`.

    `arguments` are as they were typed, `flags` what they say, response files included, in the form
    `--name` or `--name=value`. `inputs` are the arguments that are no flags: exactly one where
    `iree-compile` takes the line. `clear` is false where it cannot be told which those are.
    """

    arguments: tuple[str, ...]
    flags: tuple[str, ...]
    inputs: tuple[str, ...]
    clear: bool = True

    def values(self, flag: str) -> list[str]:
        """The values of a flag, in their order."""
        return [given.removeprefix(f"{flag}=") for given in self.flags if _name(given) == flag]

    @property
    def source(self) -> str:
        """The path of the input, `-` for standard input, empty where that is not clear."""
        return self.inputs[0] if self.clear and len(self.inputs) == 1 else ""

    @property
    def output(self) -> str:
        """The path of the output, `-` for standard output."""
        return (self.values(OUTPUT) or [STANDARD])[-1]

    @property
    def session_flags(self) -> tuple[str, ...]:
        """The flags without the output."""
        return tuple(flag for flag in self.flags if _name(flag) != OUTPUT)

    @property
    def targets(self) -> tuple[str, ...]:
        """What the flags compile for: a name that `Options.target` has, IREE's own name where there
        are no schedules, `?` for a device that is described."""
        named = self.values(BACKENDS)
        for device in self.values(DEVICE):
            if device == LOCAL:
                named += self.values(LOCAL_BACKENDS) or [DESCRIBED]
            else:
                named.append(device if re.fullmatch(r"[\w-]+", device) else DESCRIBED)
        return tuple(_TARGETS.get(name, name) for name in named)

    @property
    def hint(self) -> str:
        """What stock warns of: a program for any CPU of its kind. Empty for other lines."""
        if "llvm-cpu" not in self.targets or self.values(CPU) or self.values(CPU_FEATURES):
            return ""
        return f"built for a generic CPU, {CPU}=host is for this one"

    @property
    def route(self) -> Route:
        """How the line is compiled."""
        names = self._names
        targets = self.targets
        scheduled = {*_TARGETS.values(), DESCRIBED}
        if (
            not self.source
            or any(map(STOCK_ALONE.fullmatch, names))
            or self._ends_without_code()
            # A program without a target in its flags may bring one along.
            or (targets and scheduled.isdisjoint(targets))
        ):
            return Route.STOCK
        if not self._single or not all(map(HONOURED.fullmatch, names)):
            return Route.FILTER
        return Route.WHOLE

    @property
    def splits(self) -> bool:
        """Whether a session can compile the program up to `global-optimization`, and
        `iree-compile` with the filter and the `continued` arguments from there."""
        known = all(HONOURED.fullmatch(name) or LATER.fullmatch(name) for name in self._names)
        return self._single and known and self.targets == ("llvm-cpu",)

    @property
    def front_flags(self) -> tuple[str, ...]:
        """The flags up to `global-optimization`."""
        return tuple(flag for flag in self.session_flags if HONOURED.fullmatch(_name(flag)))

    def continued(self, path: str) -> tuple[str, ...]:
        """The arguments from there on, for a program at a path."""
        start = f"{COMPILE_FROM}={GLOBAL_OPTIMIZATION}"
        return (*self.session_flags, *BEHIND, start, f"{OUTPUT}={self.output}", path)

    @property
    def _names(self) -> list[str]:
        return [_name(flag) for flag in self.session_flags]

    @property
    def _single(self) -> bool:
        """Whether there is one target, which is known, and no flag is given twice: what that means
        differs from flag to flag."""
        names, targets = self._names, self.targets
        return len(targets) == 1 and targets[0] in _TARGETS.values() and len({*names}) == len(names)

    def _ends_without_code(self) -> bool:
        modes, stops = self.values(MODE), self.values(COMPILE_TO)
        return (modes[-1:] or [""])[0] in EMPTY_MODES or (stops[-1:] or [""])[0] in WITHOUT_CODE


def read(arguments: Sequence[str]) -> CommandLine:
    """Reads a command line. What `iree-compile` will refuse is no error here."""
    words = deque(_expanded(arguments))
    flags: list[str] = []
    inputs: list[str] = []
    doubtful: list[tuple[int, str]] = []
    bare = False
    while words:
        word = words.popleft()
        if word == "--":
            inputs += words
            break
        if word == STANDARD or not word.startswith("-"):
            # Behind a flag without a value it may be that value.
            if bare:
                doubtful.append((len(flags) - 1, word))
            else:
                inputs.append(word)
            bare = False
            continue
        flag = f"--{word.lstrip('-')}"
        if flag in _VALUED and words:
            flag = f"{flag}={words.popleft()}"
        flags.append(flag)
        bare = "=" not in flag
    if inputs or len(doubtful) != 1:
        # There is one input: where it is found, all that is doubtful is a value.
        for place, word in doubtful:
            flags[place] += f"={word}"
    else:
        inputs = [doubtful[0][1]]
    clear = bool(inputs) or not doubtful
    return CommandLine(tuple(arguments), tuple(flags), tuple(inputs), clear)


def _name(flag: str) -> str:
    return flag.partition("=")[0]


def _expanded(arguments: Sequence[str], depth: int = 0) -> Iterator[str]:
    """Arguments with the words of response files in their place, as LLVM has them."""
    for argument in arguments:
        words = _words(Path(argument[1:])) if argument.startswith("@") and depth < _NESTED else None
        if words is None:
            yield argument
        else:
            yield from _expanded(words, depth + 1)


def _words(path: Path) -> list[str] | None:
    """The words of a response file; None where it cannot be read, and is a word itself."""
    try:
        return shlex.split(path.read_text())
    except (OSError, ValueError):
        return None
