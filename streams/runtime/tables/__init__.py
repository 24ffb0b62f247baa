"""Tables on RocksDB, their changelogs and their recovery."""
