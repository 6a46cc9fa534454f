"""Primitives on factor rows that the kernels share: dot product, gradient step, prefetch, place in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import DTypeLike, NDArray

CACHE_LINE = 64  # bytes
# Rows are a multiple of this many elements wide: whole vectors, and one cache line of float32.
LANES = 16

# Floating-point sums may be reordered, so that the dot product becomes vector instructions.
_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "contract", "nsz", "arcp"}, "error_model": "numpy"}
kernel = njit(cache=True, **_OPTIONS)
# Called once per rating, a primitive that is not inlined halves the speed of the kernel around it.
primitive = njit(inline="always", **_OPTIONS)


def aligned_rows(n: int, k: int, dtype: DTypeLike) -> NDArray[Any]:
    """Zeros (n, width), width being k rounded up to whole `LANES`; every row begins on a cache line.

    Columns beyond k stay zero under `step_then_dot`; rows that share no cache line are a fifth faster to visit.
    """
    itemsize = np.dtype(dtype).itemsize
    width = -(-k // LANES) * LANES
    raw = np.zeros(n * width * itemsize + CACHE_LINE, dtype=np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    return raw[start : start + n * width * itemsize].view(dtype).reshape(n, width)


@primitive
def _width(row):  # type: ignore[no-untyped-def]
    """Length of a row, told so that the compiler knows it for whole `LANES` and writes no loop for a remainder."""
    return row.shape[0] // LANES * LANES


@primitive
def dot(p, q):  # type: ignore[no-untyped-def]
    """Sum over f of p[f] q[f], in the dtype of p."""
    total = p.dtype.type(0)
    for f in range(_width(p)):
        total += p[f] * q[f]
    return total


@primitive
def step_then_dot(p, q, keep_p, move_p, keep_q, move_q, after):  # type: ignore[no-untyped-def]
    """Move both rows, from their values before: p to keep_p p + move_p q, and q to keep_q q + move_q p.

    Returns the dot product of the moved p with the row `after`, met in the same pass while p is at hand.
    """
    total = p.dtype.type(0)
    for f in range(_width(p)):
        p_before, q_before = p[f], q[f]
        moved = keep_p * p_before + move_p * q_before
        p[f] = moved
        q[f] = keep_q * q_before + move_q * p_before
        total += moved * after[f]
    return total


@intrinsic
def _prefetch(typing_context, rows, offset):  # type: ignore[no-untyped-def]
    """Ask for the cache line at `offset` elements from the start of a contiguous array, to be written."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(builder.gep(array.data, [arguments[1]]), byte)
        signature_in_llvm = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = builder.module.globals.get("llvm.prefetch.p0") or ir.Function(
            builder.module, signature_in_llvm, "llvm.prefetch.p0"
        )
        to_write, keep_in_all_levels, data = number(1), number(3), number(1)
        builder.call(function, [address, to_write, keep_in_all_levels, data])
        return context.get_dummy_value()

    return types.void(rows, offset), generate


@primitive
def prefetch_row(rows, index):  # type: ignore[no-untyped-def]
    """Ask for row `index` of a C-contiguous matrix, which is needed soon; of a float64 row, for every other line."""
    width = rows.shape[1] // LANES * LANES
    for f in range(0, width, LANES):
        _prefetch(rows, np.intp(index) * width + f)  # type: ignore[call-arg]
