"""Pictures that are different but look alike."""
