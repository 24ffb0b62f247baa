"""Machine instructions that numba does not offer, as functions for compiled code."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

#: Codes, and halves of codes, that one instruction compares. Arrays of them need this many unused places at their end.
LANES, HALF_LANES = 8, 16


def _bit_count(typing: Any, code: Any) -> Any:
    """The number of bits set in a uint64, int64."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), build


def _lowest_bit(typing: Any, value: Any) -> Any:
    """The place of the lowest bit that is set; the int64 must not be 0."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), build


def _near(lanes: int, bits: int) -> Any:
    """An intrinsic that compares `lanes` codes of `bits` bits."""

    def near(typing: Any, codes: Any, at: Any, code: Any, radius: Any) -> Any:
        """Which of the codes from `at` on differ from `code` in at most `radius` bits: bit i for code i, int64.

        Written in vector instructions, since compilers do not vectorise a loop that may end early.
        """

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array, at, code, radius = arguments
            one, all_lanes = ir.IntType(bits), ir.VectorType(ir.IntType(bits), lanes)
            nothing = ir.Constant(all_lanes, ir.Undefined)

            def repeat(value: Any) -> Any:
                first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
                order = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
                return builder.shuffle_vector(first, nothing, order)

            data = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=array).data  # type: ignore[no-untyped-call]
            pointer = builder.bitcast(builder.gep(data, [at]), ir.PointerType(all_lanes))
            population = ir.FunctionType(all_lanes, [all_lanes])
            count = cgutils.get_or_insert_function(builder.module, population, f"llvm.ctpop.v{lanes}i{bits}")  # type: ignore[no-untyped-call]
            apart = builder.call(count, [builder.xor(builder.load(pointer, align=bits // 8), repeat(code))])
            limit = radius if bits == radius.type.width else builder.trunc(radius, one)
            near = builder.icmp_unsigned("<=", apart, repeat(limit))
            return builder.zext(builder.bitcast(near, ir.IntType(lanes)), ir.IntType(64))

        return types.int64(codes, types.int64, types.uint64 if bits == 64 else types.uint32, types.int64), build

    return near


def _prefetch(typing: Any, array: Any, at: Any) -> Any:
    """Start loading the cache line of `array[at]`, which need not exist."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, at = arguments
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=array).data  # type: ignore[no-untyped-call]
        flag = ir.IntType(32)
        address = ir.IntType(8).as_pointer()
        begin = ir.FunctionType(ir.VoidType(), [address, flag, flag, flag])
        call = cgutils.get_or_insert_function(builder.module, begin, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        reading, into_every_cache, of_data = (ir.Constant(flag, value) for value in (0, 3, 1))
        builder.call(call, [builder.bitcast(builder.gep(data, [at]), address), reading, into_every_cache, of_data])
        return context.get_dummy_value()

    return types.void(array, types.int64), build


def _word_at(typing: Any, data: Any, at: Any) -> Any:
    """The eight bytes of a uint8 array from `at` on, at any alignment, as a little-endian uint64."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, at = arguments
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=array).data  # type: ignore[no-untyped-call]
        pointer = builder.bitcast(builder.gep(data, [at]), ir.PointerType(ir.IntType(64)))
        return builder.load(pointer, align=1)

    return types.uint64(data, types.int64), build


def _byteswap(typing: Any, word: Any) -> Any:
    """A uint64 with its bytes reversed."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return types.uint64(types.uint64), build


bit_count: Any = intrinsic(_bit_count)
lowest_bit: Any = intrinsic(_lowest_bit)
near_lanes: Any = intrinsic(_near(LANES, 64))
near_halves: Any = intrinsic(_near(HALF_LANES, 32))
prefetch: Any = intrinsic(_prefetch)
byteswap: Any = intrinsic(_byteswap)
word_at: Any = intrinsic(_word_at)
