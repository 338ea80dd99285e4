# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The small C library of the timer: compiled at first use, opened through ctypes."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tlm_mlir.errors import MeasureError
from tlm_mlir.files import aside
from tlm_mlir.model.cache import cache_dir

_SOURCE = Path(__file__).with_name("timer.c")
_FLAGS = ("-O2", "-shared", "-fPIC", "-pthread")
_ERROR_SIZE = 512
_FEATURES_PATH = Path("/proc/cpuinfo")
_POINTER = ctypes.c_void_p

# Bits of the first processor word on x86-64, as IREE's runtime/src/iree/schemas/
# cpu_feature_bits.inl numbers them, under the names that Linux gives them in /proc/cpuinfo.
_X86_BITS = {
    "pni": 0, "ssse3": 1, "sse4_1": 2, "sse4_2": 3, "sse4a": 4, "avx": 10, "fma": 11, "fma4": 12,
    "xop": 13, "f16c": 14, "avx2": 15, "avx512f": 20, "avx512cd": 21, "avx512vl": 22,
    "avx512dq": 23, "avx512bw": 24, "avx512ifma": 25, "avx512vbmi": 26, "avx512_vpopcntdq": 27,
    "avx512_vnni": 28, "avx512_vbmi2": 29, "avx512_bitalg": 30, "avx512_bf16": 31,
    "avx512_fp16": 32, "amx_tile": 50, "amx_int8": 51, "amx_bf16": 52,
}  # fmt: skip


def check_linux() -> None:
    """Raises MeasureError on other systems: cores cannot be chosen there, and preemptions are not
    counted."""
    if sys.platform != "linux":
        raise MeasureError(
            f"measuring needs Linux and this is {sys.platform}; compiling does not, so measure on"
            " a machine with Linux"
        )


def preemptions() -> int:
    """How often the system took this process's core away, so far."""
    # Some systems have no such module.
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def cache_directory() -> Path:
    """The user's cache folder of tlm-mlir; created if missing."""
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _compiler() -> str:
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and shutil.which(name):
            return name
    raise MeasureError(
        "no C compiler (cc, gcc, clang) was found on PATH, which measuring needs once to build its"
        " timer; install one or set CC"
    )


def _build() -> Path:
    source = _SOURCE.read_bytes()
    key = hashlib.sha256(source + " ".join(_FLAGS).encode()).hexdigest()[:16]
    target = cache_directory() / f"timer-{key}.so"
    if target.exists():
        return target
    # Aside: two processes may build it at once, and a build may be cut short.
    with aside(target) as place:
        command = [_compiler(), *_FLAGS, "-o", str(place), str(_SOURCE), "-ldl"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[0]
            raise MeasureError(
                f"the C compiler {command[0]} failed on {_SOURCE}: {reason}; check"
                " that it can compile C11 with pthreads"
            )
    return target


@cache
def load() -> ctypes.CDLL:
    """The timer's library with every signature declared.

    Raises:
      MeasureError: there is no C compiler, or it fails.
    """
    lib = ctypes.CDLL(str(_build()))
    doubles = ctypes.POINTER(ctypes.c_double)
    words = ctypes.POINTER(ctypes.c_uint32)
    signatures = {
        "tlm_open": (_POINTER, ctypes.c_char_p, ctypes.POINTER(ctypes.c_uint64), ctypes.c_char_p,
                     ctypes.c_size_t),
        "tlm_close": (None, _POINTER),
        "tlm_export_count": (ctypes.c_uint32, _POINTER),
        "tlm_export_info": (None, _POINTER, ctypes.c_uint32, words),
        "tlm_pool_new": (_POINTER, ctypes.c_int, ctypes.POINTER(ctypes.c_int)),
        "tlm_pool_free": (None, _POINTER),
        "tlm_run": (ctypes.c_int, _POINTER, _POINTER, ctypes.c_uint32, words,
                    ctypes.POINTER(_POINTER), ctypes.POINTER(ctypes.c_size_t), ctypes.c_uint32,
                    ctypes.c_int, ctypes.c_double, ctypes.c_int, doubles),
    }  # fmt: skip
    for name, (result, *arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


@cache
def processor_words() -> tuple[int, ...]:
    """The eight 64-bit words that describe this processor to an executable (zeros if unknown)."""
    word = 0
    try:
        text = _FEATURES_PATH.read_text()
    except OSError:
        text = ""
    for line in text.splitlines():
        if line.startswith("flags"):
            word = sum(1 << _X86_BITS[flag] for flag in set(line.split()) & _X86_BITS.keys())
            break
    return (word, *[0] * 7)


def open_error() -> ctypes.Array[ctypes.c_char]:
    """A buffer for the reason that `tlm_open` gives."""
    return ctypes.create_string_buffer(_ERROR_SIZE)
