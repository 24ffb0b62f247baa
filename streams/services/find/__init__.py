"""Finding known media: candidates by hashes in ClickHouse, verified by evidence as decisions are."""
