"""A Faust table whose partitions are read by multi-get and written one RocksDB batch at a time.

Keys and values are bytes. The changelog and its topic stay Faust's; recovery.py recovers the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import faust
import rocksdict
from faust.stores.rocksdb import Store as FaustStore
from faust.types import TP

from streams.errors import PartitionClosed, StateError

BLOCK_CACHE_BYTES = 64 << 20
MEMTABLES_BYTES = 96 << 20
MEMTABLE_BYTES = 16 << 20
#: Fewer bytes in memory are not worth a file.
LEAST_FLUSH_BYTES = 1 << 20
SCAN_PIECE_ENTRIES, READ_AHEAD_BYTES = 1_000, 2 << 20
MEMTABLES_PROPERTY = "rocksdb.cur-size-all-mem-tables"

Change = tuple[bytes, bytes | None]


class SharedMemory:
    """RocksDB's caches, shared by all tables and partitions of a process, so that one bound limits their memory."""

    def __init__(self, cache_bytes: int = BLOCK_CACHE_BYTES, memtables_bytes: int = MEMTABLES_BYTES) -> None:
        self.cache = rocksdict.Cache(cache_bytes)
        self.memtables = rocksdict.WriteBufferManager.new_write_buffer_manager_with_cache(
            memtables_bytes, False, self.cache
        )


class Store(FaustStore):  # type: ignore[misc]
    """Faust's RocksDB store with memory shared by all partitions, real bloom filters and compression.

    A partition is open from its assignment until it is taken away. Faust would open it for a later read as well: a
    late thread or a commit then held a database that another worker was to open.
    """

    logger = logging.getLogger("faust.mediasieve")
    memory: SharedMemory | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._opening: set[int] = set()
        super().__init__(*args, **kwargs)

    async def _try_open_db_for_partition(self, partition: int, *args: Any, **kwargs: Any) -> Any:
        self._opening.add(partition)
        try:
            return await super()._try_open_db_for_partition(partition, *args, **kwargs)
        finally:
            self._opening.discard(partition)

    def _db_for_partition(self, partition: int) -> rocksdict.Rdict:
        if partition not in self._opening and partition not in self._dbs:
            raise PartitionClosed(f"partition {partition} of table {self.table.name} is not open: it was taken away")
        return super()._db_for_partition(partition)

    def persisted_offset(self, tp: TP) -> int | None:
        """None if the partition was taken away meanwhile: a recovery that comes too late has nothing to read."""
        try:
            offset: int | None = super().persisted_offset(tp)
        except PartitionClosed:
            return None
        return offset

    def _open_for_partition(self, partition: int) -> rocksdict.Rdict:
        if Store.memory is None:
            Store.memory = SharedMemory()
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_manager(Store.memory.memtables)
        options.set_write_buffer_size(MEMTABLE_BYTES)
        options.set_max_open_files(256)
        options.set_keep_log_file_num(2)
        options.set_max_total_wal_size(64 << 20)
        options.set_compression_type(rocksdict.DBCompressionType.lz4())
        blocks = rocksdict.BlockBasedOptions()
        blocks.set_block_cache(Store.memory.cache)
        blocks.set_bloom_filter(10, block_based=False)
        blocks.set_cache_index_and_filter_blocks(True)
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(True)
        options.set_block_based_table_factory(blocks)
        path: Path = self.partition_path(partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        return rocksdict.Rdict(str(path), options=options)


class Table(faust.Table):  # type: ignore[misc]
    """Maps keys to values, both bytes. Partitioned like the topics that its stage reads."""

    logger = logging.getLogger("faust.mediasieve")

    def _new_store(self) -> Store:
        return Store("rocksdb://", self.app, self, table_name=self.name, options={"driver": "rocksdict"})

    def changelog(self, partition: int) -> TP:
        return TP(self.changelog_topic.get_topic_name(), partition)

    def get_many(self, partition: int, keys: Sequence[bytes]) -> list[bytes | None]:
        """One multi-get, with None for a missing key. Thread-safe.

        Raises:
            PartitionClosed: the partition was taken away. `scan` and `write` raise it, too.
        """
        found: list[bytes | None] = self.data._db_for_partition(partition).get(list(keys))
        return found

    def scan(self, partition: int, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """The keys that begin with `prefix` and follow `after`, in order, with their values; a few million a second.

        Faust's own keys in the same database are left out.
        """
        return chain.from_iterable(self._pieces(partition, prefix, after))

    def _pieces(self, partition: int, prefix: bytes, after: bytes) -> Iterator[list[tuple[bytes, bytes]]]:
        options = rocksdict.ReadOptions()
        options.fill_cache(False)  # keys that are read once must not evict those that are read often
        options.set_readahead_size(READ_AHEAD_BYTES)
        items = self.data._db_for_partition(partition).items(from_key=max(prefix, after), read_opt=options)
        has_more = True
        while has_more and (piece := list(islice(items, SCAN_PIECE_ENTRIES))):
            has_more = piece[-1][0].startswith(prefix)
            if not has_more:
                piece = [entry for entry in piece if entry[0].startswith(prefix)]
            if piece and piece[0][0] == after:
                del piece[0]
            if Store.offset_key.startswith(prefix):
                piece = [entry for entry in piece if entry[0] != Store.offset_key]
            yield piece

    def write(self, partition: int, changes: Iterable[Change]) -> None:
        """Write all changes in one atomic batch; a value of None deletes the key. Thread-safe.

        Raises:
            StateError: RocksDB refused, for example because the disk is full.
        """
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in changes:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        database = self.data._db_for_partition(partition)
        try:
            database.write(batch)
        except Exception as error:  # rocksdict raises plain Exception
            raise StateError(f"table {self.name}, partition {partition}: RocksDB refused a write: {error}") from error

    async def release_memory(self) -> None:
        """Let RocksDB write its memtables to files, and free their memory. Takes a millisecond a partition.

        Call on the event loop's thread, which opens and closes partitions: RocksDB does the writing on threads.
        """
        for partition in list(self.data._dbs):
            database = self.data._dbs.get(partition)
            if database is None or database.property_int_value(MEMTABLES_PROPERTY) < LEAST_FLUSH_BYTES:
                continue
            try:
                database.flush(wait=False)
            except Exception as error:  # rocksdict raises plain Exception
                raise StateError(f"table {self.name}, partition {partition}: RocksDB cannot flush: {error}") from error
            await asyncio.sleep(0)

    def persist_offset(self, partition: int, offset: int) -> None:
        """Remember that RocksDB holds the changelog up to `offset`: recovery begins there."""
        with contextlib.suppress(PartitionClosed):  # then recovery begins earlier
            self.data.set_persisted_offset(self.changelog(partition), offset)
