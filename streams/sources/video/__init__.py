"""Videos that are read in parts, from files and by HTTP ranges."""
