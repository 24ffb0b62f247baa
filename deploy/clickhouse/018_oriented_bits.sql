-- Bits of a hash that turn over together when a picture is mirrored: a search in all orientations counts the bits of each
-- of these words once for four orientations, and leaves most contents out before it reads the fourth word.
-- queries/stored/oriented_bits.py says how.

ALTER TABLE content_hashes ADD COLUMN IF NOT EXISTS
    even_rows_even_columns UInt64 MATERIALIZED bitOr(
        bitOr(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 1, 8))), 0xAAAA0000AAAA0000),
            bitShiftRight(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 9, 8))), 0xAAAA0000AAAA0000), 1)),
        bitOr(bitShiftRight(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 17, 8))), 0xAAAA0000AAAA0000), 16),
            bitShiftRight(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 25, 8))), 0xAAAA0000AAAA0000), 17))
    ) CODEC(NONE) COMMENT 'bits of phash256 in even rows and even columns of the DCT';

ALTER TABLE content_hashes ADD COLUMN IF NOT EXISTS
    even_rows_odd_columns UInt64 MATERIALIZED bitOr(
        bitOr(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 1, 8))), 0x5555000055550000),
            bitShiftLeft(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 9, 8))), 0x5555000055550000), 1)),
        bitOr(bitShiftRight(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 17, 8))), 0x5555000055550000), 16),
            bitShiftRight(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 25, 8))), 0x5555000055550000), 15))
    ) CODEC(NONE) COMMENT 'bits of phash256 in even rows and odd columns of the DCT';

ALTER TABLE content_hashes ADD COLUMN IF NOT EXISTS
    odd_rows_even_columns UInt64 MATERIALIZED bitOr(
        bitOr(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 1, 8))), 0x0000AAAA0000AAAA),
            bitShiftRight(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 9, 8))), 0x0000AAAA0000AAAA), 1)),
        bitOr(bitShiftLeft(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 17, 8))), 0x0000AAAA0000AAAA), 16),
            bitShiftLeft(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 25, 8))), 0x0000AAAA0000AAAA), 15))
    ) CODEC(NONE) COMMENT 'bits of phash256 in odd rows and even columns of the DCT';

ALTER TABLE content_hashes ADD COLUMN IF NOT EXISTS
    odd_rows_odd_columns UInt64 MATERIALIZED bitOr(
        bitOr(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 1, 8))), 0x0000555500005555),
            bitShiftLeft(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 9, 8))), 0x0000555500005555), 1)),
        bitOr(bitShiftLeft(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 17, 8))), 0x0000555500005555), 16),
            bitShiftLeft(bitAnd(reinterpretAsUInt64(reverse(substring(phash256, 25, 8))), 0x0000555500005555), 17))
    ) CODEC(NONE) COMMENT 'bits of phash256 in odd rows and odd columns of the DCT';

ALTER TABLE content_hashes MATERIALIZE COLUMN even_rows_even_columns;

ALTER TABLE content_hashes MATERIALIZE COLUMN even_rows_odd_columns;

ALTER TABLE content_hashes MATERIALIZE COLUMN odd_rows_even_columns;

ALTER TABLE content_hashes MATERIALIZE COLUMN odd_rows_odd_columns;
