"""Hash lists: read from files, published, shown and exported.

formats.py  entries in CSV, NDJSON, and exports of ThreatExchange and HMA
importing.py  checks a whole file, then publishes its entries and the event that makes them effective
acts.py     drops a list, releases an entry
reading.py  what ClickHouse knows of lists, and the export
"""
