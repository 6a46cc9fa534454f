"""Vectors as values inside a kernel: load, combine, sum and store two cache lines of a row at a time.

Left to find vectors by itself, the compiler checks at every rating whether rows overlap and takes the narrowest safe
width. Written out, it picks the widest registers that the processor has, and nothing is checked.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

CACHE_LINE = 64  # bytes
# Two cache lines: two independent sums in the widest registers there are, which hide each other's latency.
VECTOR = 128  # bytes
# Sums may be reordered and products fused with sums; NaN and infinity keep their meaning.
_FAST = ("reassoc", "contract", "nsz", "arcp")


class Vector(types.Type):
    """`VECTOR` bytes of a float type."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        self.lanes = VECTOR * 8 // dtype.bitwidth
        super().__init__(name=f"Vector({dtype}, {self.lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        lane = manager.lookup(vector.dtype).get_value_type()
        super().__init__(manager, vector, ir.VectorType(lane, vector.lanes))


@intrinsic
def vectors_of(typing_context, rows):
    """How many vectors make a row of a matrix from `aligned_rows`."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = cgutils.unpack_tuple(builder, array.shape)[1]
        return builder.udiv(width, width.type(Vector(signature.args[0].dtype).lanes))

    return types.intp(rows), generate


def _address(context: Any, builder: Any, rows: Any, arguments: Any) -> Any:
    """Where vector `arguments[2]` of row `arguments[1]` of the C-contiguous matrix `arguments[0]` lies."""
    array = context.make_array(rows)(context, builder, arguments[0])
    width = cgutils.unpack_tuple(builder, array.shape)[1]
    column = builder.mul(arguments[2], width.type(Vector(rows.dtype).lanes))
    return builder.gep(array.data, [builder.add(builder.mul(arguments[1], width), column)])


@intrinsic
def load(typing_context, rows, row, number):
    """Vector `number` of a row of a matrix from `aligned_rows`."""

    def generate(context, builder, signature, arguments):
        vector = context.get_value_type(signature.return_type)
        address = _address(context, builder, signature.args[0], arguments)
        return builder.load(builder.bitcast(address, vector.as_pointer()), align=CACHE_LINE)

    return Vector(rows.dtype)(rows, types.intp, types.intp), generate


@intrinsic
def store(typing_context, rows, row, number, vector):
    """Make `vector` vector `number` of a row of a matrix from `aligned_rows`."""

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature.args[0], arguments)
        builder.store(arguments[3], builder.bitcast(address, arguments[3].type.as_pointer()), align=CACHE_LINE)
        return context.get_dummy_value()

    return types.void(rows, types.intp, types.intp, vector), generate


@intrinsic
def repeat(typing_context, number):
    """A number in every lane."""

    def generate(context, builder, signature, arguments):
        vector = context.get_value_type(signature.return_type)
        zero = ir.Constant(ir.IntType(32), 0)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), arguments[0], zero)
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
        return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), lanes)

    return Vector(number)(number), generate


@intrinsic
def times(typing_context, one, other):
    """Product, lane by lane."""

    def generate(context, builder, signature, arguments):
        return builder.fmul(*arguments, flags=_FAST)

    return one(one, other), generate


@intrinsic
def plus_product(typing_context, base, one, other):
    """Sum of base and one * other, lane by lane."""

    def generate(context, builder, signature, arguments):
        base, one, other = arguments
        return builder.fadd(base, builder.fmul(one, other, flags=_FAST), flags=_FAST)

    return base(base, one, other), generate


@intrinsic
def total(typing_context, vector):
    """Sum of the lanes."""

    def generate(context, builder, signature, arguments):
        kind = arguments[0].type
        letter = {"float": "f32", "double": "f64"}[str(kind.element)]
        reduce = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(kind.element, [kind.element, kind]),
            f"llvm.vector.reduce.fadd.v{kind.count}{letter}",
        )
        return builder.call(reduce, [ir.Constant(kind.element, -0.0), arguments[0]], fastmath=_FAST)

    return vector.dtype(vector), generate


@intrinsic
def prefetch(typing_context, rows, row, number):
    """Ask for the cache lines of a vector that is to be changed soon."""

    def generate(context, builder, signature, arguments):
        byte, flag = ir.IntType(8), ir.IntType(32)
        address = builder.bitcast(_address(context, builder, signature.args[0], arguments), byte.as_pointer())
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [address.type, flag, flag, flag]), "llvm.prefetch.p0"
        )
        to_write, keep_in_all_levels, data = flag(1), flag(3), flag(1)
        for line in range(0, VECTOR, CACHE_LINE):
            builder.call(function, [builder.gep(address, [flag(line)]), to_write, keep_in_all_levels, data])
        return context.get_dummy_value()

    return types.void(rows, types.intp, types.intp), generate
