-- Which contents have evidence, and of which version: `mediasieve rehash` submits the others again.

ALTER TABLE fingerprints ADD COLUMN IF NOT EXISTS
    evidence_version UInt8 COMMENT 'of the evidence in the record; 0 where there is none, as in rows from before it was counted'
    AFTER hashes;

CREATE OR REPLACE VIEW fingerprints_once AS
SELECT *
FROM fingerprints FINAL;
