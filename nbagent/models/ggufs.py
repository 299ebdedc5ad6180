"""GGUF files as part of a model's name: the denoiser's weights, made smaller by others.

    wan2.1-1.3b+wan2.1-t2v-1.3B-Q4_K_M.gguf
    wan2.2-14b+high-Q4_K_M.gguf+low-Q4_K_M.gguf     one for each of two denoisers

Everything else comes from the model in front. What a file holds is read from its header,
so that its memory is known before anything is loaded.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from nbagent.errors import SpecError

_SUFFIX: Final = ".gguf"
# Sizes of the header's value types by number; 8 is a string, 9 an array.
_VALUE_BYTES: Final = {
    0: 1,
    1: 1,
    2: 2,
    3: 2,
    4: 4,
    5: 4,
    6: 4,
    7: 1,
    10: 8,
    11: 8,
    12: 8,
}
_STRING, _ARRAY = 8, 9
# Of a tensor's type by number: the numbers in a block, and its bytes (ggml's table).
_BLOCKS: Final = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    30: (1, 2),  # BF16
}
_MOST = 1 << 20  # a damaged header must not make us read the whole disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Gguf:
    """One file.

    Attributes:
        values: Numbers in its tensors.
        largest: Numbers in the largest of them.
        size_bytes: What its tensors take, as they are kept.
        header: Its first bytes, up to the tensors.
    """

    path: Path
    values: int
    largest: int
    size_bytes: int
    header: bytes


def is_gguf(part: str) -> bool:
    """Return whether a part of a model's name, behind a plus sign, is such a file."""
    return part.endswith(_SUFFIX)


def read_gguf(part: str) -> Gguf:
    """Return the file that a part of a model's name means.

    Raises:
        SpecError: If it is not there, is none, or was cut short.
    """
    try:
        path = Path(part).expanduser().absolute()
        if not path.is_file():  # opening a pipe would wait for ever
            raise ValueError("there is no such file")
        with path.open("rb") as file:
            tensors = _tensors(file)
            end = file.tell()
            file.seek(0)
            header = file.read(end)
        if not tensors:
            raise ValueError("it has no tensors")
    # RuntimeError: the home of nobody, or arrays in arrays without end.
    except (
        OSError,
        ValueError,
        struct.error,
        KeyError,
        MemoryError,
        RuntimeError,
    ) as error:
        raise SpecError(
            f"no GGUF file at {part!r} ({error}): name one like MODEL+weights-Q4_K.gguf"
        ) from error
    size_bytes = path.stat().st_size - end
    if size_bytes < (told := max(tensor.end for tensor in tensors)):
        raise SpecError(
            f"{path.name} is cut short ({size_bytes} of at least {told} bytes of weights"
            " are here): download it again"
        )
    return Gguf(
        path=path,
        values=sum(tensor.values for tensor in tensors),
        largest=max(tensor.values for tensor in tensors),
        size_bytes=size_bytes,
        header=header,
    )


class _Tensor(NamedTuple):
    """A tensor's count of numbers, and where it ends behind the header, in bytes."""

    values: int
    end: int


def _tensors(file: BinaryIO) -> list[_Tensor]:
    """Return a header's tensors; the file stands behind it then."""
    if file.read(4) != b"GGUF":
        raise ValueError("it does not start like one")
    _version, num_tensors, num_values = _unpack(file, "IQQ")
    for _ in range(_checked(num_values)):
        _string(file)
        _skip_value(file, *_unpack(file, "I"))
    tensors = []
    for _ in range(_checked(num_tensors)):
        _string(file)
        (num_sides,) = _unpack(file, "I")
        values = math.prod(_unpack(file, f"{min(num_sides, 8)}Q"))
        kind, begin = _unpack(file, "IQ")
        block, block_bytes = _BLOCKS.get(kind, (1, 0))
        tensors.append(_Tensor(values, begin + values // block * block_bytes))
    return tensors


def _skip_value(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        _string(file)
    elif kind == _ARRAY:
        inner, length = _unpack(file, "IQ")
        for _ in range(_checked(length)):
            _skip_value(file, inner)
    else:
        file.read(_VALUE_BYTES[kind])


def _string(file: BinaryIO) -> None:
    file.read(_checked(*_unpack(file, "Q")))


def _unpack(file: BinaryIO, form: str) -> tuple[int, ...]:
    form = "<" + form
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _checked(number: int) -> int:
    if number > _MOST:
        raise ValueError("its header is damaged")
    return number
