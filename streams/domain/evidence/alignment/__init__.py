"""Two thumbnails laid on each other: levels of detail, affine maps, sampling, hill climbing."""
