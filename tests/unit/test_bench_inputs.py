# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs of benchmarked functions: what modules declare, what `--input` says, element types."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.bench.elements import element_of, element_of_array, element_of_code
from tlm_mlir.bench.inputs import arguments, declared, resolve
from tlm_mlir.bench.signature import source_inputs
from tlm_mlir.errors import CompileError, InputError

TORCH = """
func.func @main(%a: !torch.vtensor<[1,3,8],f32>, %b: !torch.vtensor<[4,?],si64>,
    %c: !torch.vtensor<[2],ui8>, %d: !torch.vtensor<[2],ui8>) -> (!torch.vtensor<[1,3,8],f32>,
    !torch.vtensor<[4,?],si64>, !torch.vtensor<[2],ui8>) {
  %0 = torch.aten.tanh %a : !torch.vtensor<[1,3,8],f32> -> !torch.vtensor<[1,3,8],f32>
  %1 = torch.aten.abs %b : !torch.vtensor<[4,?],si64> -> !torch.vtensor<[4,?],si64>
  %2 = torch.aten.mul.Tensor %c, %c : !torch.vtensor<[2],ui8>, !torch.vtensor<[2],ui8>
      -> !torch.vtensor<[2],ui8>
  return %0, %1, %2 : !torch.vtensor<[1,3,8],f32>, !torch.vtensor<[4,?],si64>,
      !torch.vtensor<[2],ui8>
}"""
PLAIN = """
func.func private @helper(%a: tensor<2xf32>) -> tensor<2xf32>
func.func @first(%a: tensor<2x3xbf16>, %n: i32, %i: index) -> tensor<2x3xbf16> {
  return %a : tensor<2x3xbf16>
}
func.func @second(%a: tensor<?x8xf32>, %b: tensor<4x8xcomplex<f32>>, %u: tensor<3xi8>)
    -> (tensor<?x8xf32>, tensor<4x8xcomplex<f32>>) {
  return %a, %b : tensor<?x8xf32>, tensor<4x8xcomplex<f32>>
}
func.func @none() {
  return
}
func.func @buffer(%a: !util.buffer) {
  return
}"""
F64 = """
func.func @main(%a: tensor<4xf64>) -> tensor<4xf64> {
  return %a : tensor<4xf64>
}"""


@pytest.fixture
def source(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "in.mlir"
        path.write_text(text)
        return path

    return write


def texts(inputs: list) -> list[str]:
    return [str(each) for each in inputs]


def test_modules_from_torch_take_builtin_tensors(source) -> None:
    """Found with ResNet-50: its program declares no inputs, and was called without any.

    Of `%d`, which nothing reads, nothing says the type any more.
    """
    assert texts(source_inputs(source(TORCH))) == ["1x3x8xf32", "4x?xi64", "2xi8", "f32"]


def test_the_first_public_function_is_taken(source) -> None:
    assert texts(source_inputs(source(PLAIN))) == ["2x3xbf16", "i32", "index"]


def test_inputs_are_those_of_the_named_function(source) -> None:
    """`%u` is not used, which only IREE's declaration tells; `none` has no inputs."""
    path = source(PLAIN)
    assert texts(source_inputs(path, "second")) == ["?x8xf32", "4x8xcomplex<f32>", "3xi8"]
    assert source_inputs(path, "none") == []
    with pytest.raises(InputError, match="no public function 'helper'; it has first, second"):
        source_inputs(path, "helper")
    with pytest.raises(InputError, match="values of type !util.buffer cannot be made up"):
        source_inputs(path, "buffer")


def test_inputs_are_of_the_type_that_iree_demotes_to(source) -> None:
    """Found with `types/f64_f64_f64`: it was called with f64, and its program takes f32."""
    path = source(F64)
    assert texts(source_inputs(path)) == ["4xf32"]
    assert texts(source_inputs(path, "", ["--iree-input-demote-f64-to-f32=false"])) == ["4xf64"]


def test_a_module_that_iree_refuses_is_one_sentence(source) -> None:
    with pytest.raises(CompileError, match="does not compile: .*expected"):
        source_inputs(source("func.func @main("))


def test_dynamic_extents_are_taken_as_one_size_with_a_note() -> None:
    found, notes = resolve([declared("tensor<?x8xf32>"), declared("tensor<2xi32>")])
    assert [each.shape for each in found] == [(128, 8), (2,)]
    assert notes == [
        "input 0 (?x8xf32) is taken as 128x8xf32; --input can say otherwise",
    ]


def test_given_inputs_are_shapes_numbers_or_files(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(6, dtype=np.float64).reshape(3, 2))
    wanted = [declared(text) for text in ("tensor<?x2xbf16>", "tensor<?x2xf32>", "i32", "f32")]
    wanted += [declared("tensor<2xi64>"), declared("tensor<2xi1>"), declared("tensor<f32>")]
    given = [f"@{tmp_path / 'x.npy'}", "5x2xf32", "7", "f32=0.5", "2xi64=[3 -4]", "2xi1=true"]
    found, notes = resolve(wanted, [*given, "f32=2"])
    assert not notes
    values = arguments(found)
    assert [value.shape for value in values] == [(3, 2), (5, 2), None, None, (2,), (2,), ()]
    arrays = [value.array().tolist() for value in values]
    assert arrays[0] == [[0, 1], [2, 3], [4, 5]]
    assert arrays[2:] == [7, 0.5, [3, -4], [True, True], 2]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["4x8xf32", "3"], "2 inputs are given and the function takes 1"),
        (["4x8x1xf32"], r"--input=4x8x1xf32 does not fit input 0, which is \?x8xf32"),
        (["4x9xf32"], "does not fit input 0"),
        (["4x8xf16"], "does not fit input 0"),
        (["3"], "does not fit input 0"),
        (["1x8xf32=1 2"], "holds no number for each element, nor one for all"),
        (["1x8xf32=one"], "holds no number"),
        (["@missing.npy"], "missing.npy is not a .npy file that can be read"),
    ],
)
def test_given_inputs_that_do_not_fit_are_one_sentence(given: list[str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        resolve([declared("tensor<?x8xf32>")], given)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("i2", -2, 1), ("i4", -8, 7), ("ui4", 0, 15), ("i8", -128, 127), ("ui8", 0, 255)]
    + [("i16", -128, 127), ("i32", 0, 1), ("i64", 0, 1), ("index", 0, 1), ("i1", 0, 1)],
)
def test_integers_are_of_the_range_of_their_type(name: str, least: int, most: int) -> None:
    """Wide ones are 0 and 1: they may be positions."""
    (value,) = arguments(resolve([declared(f"tensor<64x64x{name}>")])[0])
    assert (value.array().min(), value.array().max()) == (least, most)
    assert value.raw.size == 64 * 64 * value.element.bits // 8


@pytest.mark.parametrize("name", ["f16", "f32", "f64", "bf16", "f8E4M3FN", "f8E5M2"])
def test_floats_are_normal_and_the_same_for_every_call(name: str) -> None:
    inputs = resolve([declared(f"tensor<50x100x{name}>")])[0]
    first, second = (arguments(inputs)[0].array().astype(np.float64) for _ in range(2))
    assert np.array_equal(first, second)
    assert abs(first.mean()) < 0.05
    assert abs(first.std() - 1) < 0.1


def test_complex_numbers_have_two_parts() -> None:
    (value,) = arguments(resolve([declared("tensor<8x8xcomplex<f32>>")])[0])
    assert value.array().dtype == np.complex64
    assert np.abs(value.array().imag).max() > 0.1


@pytest.mark.parametrize(
    "name", ["f8E4M3FN", "f8E5M2", "f8E4M3FNUZ", "f8E5M2FNUZ", "f8E8M0FNU", "bf16"]
)
def test_coarse_floats_are_those_of_ml_dtypes(name: str) -> None:
    """Every code means what the package says, and numbers are rounded as it rounds them."""
    other = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    spelled = {"bf16": "bfloat16"}.get(name, name.replace("f8", "float8_").lower())
    kind = np.dtype(getattr(other, spelled))
    element = element_of(name)
    codes = np.arange(1 << element.bits, dtype=f"u{element.bits // 8}")
    want = codes.view(kind).astype(np.float32)
    assert np.array_equal(element.decode(codes.view(np.uint8), codes.shape), want, equal_nan=True)
    numbers = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    numbers = np.abs(numbers) if name == "f8E8M0FNU" else numbers
    got = element.decode(element.encode(numbers), numbers.shape)
    away = np.abs(got - numbers) - np.abs(numbers.astype(kind).astype(np.float32) - numbers)
    assert away.max() <= 0
    assert element.encode(np.array([np.nan])).view(f"u{element.bits // 8}").view(kind) != 0


def test_small_integers_are_packed_from_the_lowest_bits() -> None:
    """As IREE's runtime holds them: `iree-run-module --input=4xi4=1 2 3 4` is 0x21 0x43."""
    element = element_of("i4")
    raw = element.encode(np.array([1, 2, -3, 4, 5]))
    assert raw.tolist() == [0x21, 0x4D, 0x05]
    assert element.decode(raw, (5,)).tolist() == [1, 2, -3, 4, 5]
    assert element_of("ui2").decode(np.array([0b11100100], np.uint8), (4,)).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["f4E2M1FN", "i3", "tf32", "!util.list<i8>"])
def test_types_that_the_runtime_has_not_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be made up"):
        element_of(name)


def test_elements_have_the_numbers_of_the_runtime() -> None:
    runtime = pytest.importorskip("iree.runtime")
    known = runtime.HalElementType
    names = {"f32": known.FLOAT_32, "bf16": known.BFLOAT_16, "i4": known.INT_4, "i1": known.BOOL_8}
    names |= {"f8E5M2FNUZ": known.FLOAT_8_E5M2_FNUZ, "f8E8M0FNU": known.FLOAT_8_E8M0_FNU}
    names |= {"complex<f64>": known.COMPLEX_128, "ui8": known.UINT_8, "si64": known.SINT_64}
    for name, number in names.items():
        assert element_of(name).code == int(number)
        assert element_of_code(int(number)) == element_of(name)
    with pytest.raises(InputError, match="0x00000000, which cannot be read"):
        element_of_code(0)


def test_arrays_of_numpy_have_elements() -> None:
    names = {np.float32: "f32", np.int64: "i64", np.uint8: "ui8", np.bool_: "i1"}
    for kind, name in names.items():
        assert element_of_array(np.zeros(1, kind)).name == name
    with pytest.raises(InputError, match="an array of <U1 cannot be handed to IREE"):
        element_of_array(np.array(["a"]))
