"""Kafka's request to leave a consumer group, which aiokafka has without the names of static members."""

from __future__ import annotations

from typing import Any

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import LeaveGroupRequest_v0, LeaveGroupRequest_v1
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String


class LeaveByNameResponse(Response):  # type: ignore[misc]
    """Apache Kafka's protocol, `LeaveGroup`, version 3."""

    API_KEY = 13
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "members",
            Array(("member_id", String("utf-8")), ("group_instance_id", String("utf-8")), ("error_code", Int16)),
        ),
    )


class LeaveByNameRequest(RequestStruct):  # type: ignore[misc]
    """The first version that knows static members by their names."""

    API_KEY = 13
    API_VERSION = 3
    RESPONSE_TYPE = LeaveByNameResponse
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("members", Array(("member_id", String("utf-8")), ("group_instance_id", String("utf-8")))),
    )


class LeaveRequest(Request[LeaveGroupRequest_v0 | LeaveGroupRequest_v1 | LeaveByNameRequest]):  # type: ignore[misc]
    """Takes one static member out of its group, by its name where the broker knows such requests."""

    API_KEY = 13

    def __init__(self, group: str, member_id: str, instance_id: str | None) -> None:
        self._group, self._member_id, self._instance_id = group, member_id, instance_id

    def build(self, request_struct_class: Any) -> Any:
        """Raises IncompatibleBrokerVersion for a member without an id, if the broker knows members by ids alone."""
        if request_struct_class is LeaveByNameRequest:
            return request_struct_class(self._group, [(self._member_id, self._instance_id)])
        if not self._member_id:
            raise IncompatibleBrokerVersion("this broker removes no member that has not joined yet")
        return request_struct_class(self._group, self._member_id)
