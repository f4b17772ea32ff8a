"""What the domain's records are made of: events, states and their slices, findings and decisions.

An event makes and copies tens of them, and a worker holds millions of them in its states. msgspec's Struct costs a
quarter of a NamedTuple to make and a tenth to copy, and the garbage collector never walks it. msgspec does no I/O; it
is the one library that the domain imports, and here is the one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, dataclass_transform

import msgspec
from msgspec.structs import asdict, astuple

if TYPE_CHECKING:
    # As this one a type checker knows it, and checks the names and types of what is replaced.
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["Frozen", "asdict", "astuple", "replace"]


@dataclass_transform(frozen_default=True)
class Frozen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record that never changes: `replace` makes another one, `asdict` and `astuple` give its fields.

    On the wire it is an array of its fields in their order: a new field goes last and has a default, so that an older
    record decodes. As the garbage collector does not look into it, nothing may lead from a record back to itself.
    """
