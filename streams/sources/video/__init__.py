"""Videos that are read in parts: from local files and by HTTP ranges."""
