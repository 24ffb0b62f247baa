"""The delivery contract, proved with real processes that are killed: see test_reference_model.py."""
