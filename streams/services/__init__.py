"""Use cases with typed results. CLI, API and console are thin over them."""
