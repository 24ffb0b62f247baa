"""aiokafka's part in a consumer group, with a leave that waits for nobody.

A worker that is stopped during a rebalance would wait until the group's other members have joined, and a new member
could not leave before it had its first partitions. Runs on the thread of consumer_thread.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from aiokafka.client import ConnectionGroup
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest

from streams.kafka.leave_request import LeaveRequest

logger = logging.getLogger(__name__)


class PromptCoordinator(GroupCoordinator):  # type: ignore[misc]
    """The coordinator of one consumer, made from aiokafka's by `bound`.

    `leaves`: the member leaves its group when its consumer closes. A static member otherwise stays in it, so that a
    restart moves no partitions; a worker that is stopped on purpose should leave, so that others take over at once.
    """

    leaves: bool
    _gave_up_joining: bool

    @classmethod
    def bound(cls, coordinator: GroupCoordinator) -> PromptCoordinator:
        """Change a coordinator that aiokafka has made, whatever it is doing."""
        coordinator.__class__ = cls
        prompt: PromptCoordinator = coordinator
        prompt.leaves = prompt._gave_up_joining = False
        return prompt

    async def _send_req(self, request: Any) -> Any:
        """Does not wait for the other members of the group once the consumer closes.

        Raises:
            KafkaError: the broker is away, or the consumer closes.
        """
        if not isinstance(request, (JoinGroupRequest, SyncGroupRequest)):
            return await super()._send_req(request)
        if self._closing.done():
            raise KafkaConnectionError("the consumer closes, and joins no group any more")
        answer = asyncio.ensure_future(super()._send_req(request))
        await asyncio.wait([answer, self._closing], return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        self._gave_up_joining = True
        answer.cancel()
        with contextlib.suppress(asyncio.CancelledError, KafkaError):
            await answer
        # The broker answers requests of one connection in order: a leave would wait behind the join.
        connection = self._client._conns.get((self.coordinator_id, ConnectionGroup.COORDINATION))
        if connection is not None:
            connection.close()
        raise KafkaConnectionError("the consumer closes, and waits for its group no longer")

    async def _maybe_leave_group(self) -> None:
        """One attempt, as aiokafka's own; a member that does not leave is taken out after its session's timeout.

        A member that was joining may have no id yet. Without a join, its name may be another process's by now.
        """
        if not self.leaves or not (self.member_id or self._gave_up_joining):
            await super()._maybe_leave_group()
            return
        request = LeaveRequest(self.group_id, self.member_id, self._group_instance_id)
        try:
            await self._send_req(request)
        except KafkaError as error:
            logger.info("could not leave group %s: %s", self.group_id, error)
        self.reset_generation()
