"""Reads the row of a table from a record, by the list of the table's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from streams.analytics.rows.extractors import Extractor, Row, field_name, record_time_ms
from streams.domain.records import RawRecord, parse_json_object
from streams.errors import BadInput, Reason

KAFKA: Final = "(kafka)"
"""The path of the Kafka record itself; all other paths lead into its JSON document."""


def kafka(name: str) -> Extractor:
    """A field of the Kafka record: its topic, partition, offset or timestamp."""
    return Extractor(f"{KAFKA}.{name}", None, lambda value: value, None)


KAFKA_COLUMNS: Final = {
    "kafka_topic": kafka("topic"),
    "kafka_partition": kafka("partition"),
    "kafka_offset": kafka("offset"),
}

Field = tuple[str, type | None, Callable[[Any], Any]]


class RowReader:
    """Reads rows from records whose values are JSON objects.

    A worker stores twenty thousand records a second. Consecutive columns of one object are therefore read together,
    and a value of the accepted type costs no call.

    Args:
        columns: name and extractor of every column.
        required: paths of the objects that every record must have.
    """

    def __init__(self, columns: Mapping[str, Extractor], *, required: Sequence[str] = ()) -> None:
        self._objects: Final[list[tuple[int, str, bool]]] = []
        self._groups: Final[list[tuple[int, list[Field], Row]]] = []
        places = {"": 0, KAFKA: 1}
        for path in (*required, *(_parent(extractor.path) for extractor in columns.values())):
            self._add_object(path, places, required)
        for path, group in groupby(columns.values(), lambda extractor: _parent(extractor.path)):
            extractors = list(group)
            fields = [(field_name(extractor.path), extractor.accepted, extractor.convert) for extractor in extractors]
            self._groups.append((places[path], fields, tuple(extractor.empty for extractor in extractors)))

    def __call__(self, record: RawRecord) -> Row:
        """The row of one record.

        Raises:
            BadInput: not_json, missing_field or bad_field.
        """
        kafka_fields = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        kafka_fields["timestamp"] = record_time_ms(record)
        objects: list[dict[str, Any] | None] = [parse_json_object(record.value), kafka_fields]
        for parent, name, required in self._objects:
            objects.append(_object_in(objects[parent], name, required=required))
        row: list[Any] = []
        append = row.append
        for place, fields, empty in self._groups:
            source = objects[place]
            if source is None:
                row += empty
                continue
            get = source.get
            for name, accepted, convert in fields:
                value = get(name)
                append(value if type(value) is accepted else convert(value))
        return tuple(row)

    def _add_object(self, path: str, places: dict[str, int], required: Sequence[str]) -> None:
        """Look up the object at `path` in every record, after its parent object."""
        if path not in places:
            self._add_object(_parent(path), places, required)
            places[path] = len(places)
            self._objects.append((places[_parent(path)], field_name(path), path in required))


def _parent(path: str) -> str:
    """`facts.video` of `facts.video.codec`."""
    return path.rpartition(".")[0]


def _object_in(parent: dict[str, Any] | None, name: str, *, required: bool) -> dict[str, Any] | None:
    found = None if parent is None else parent.get(name)
    if found is None:
        if required:
            raise BadInput(Reason.MISSING_FIELD, f"field '{name}' is missing")
        return None
    if type(found) is not dict:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be an object")
    return found
