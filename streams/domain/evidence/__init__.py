"""What proves a match on the pictures themselves: small thumbnails that are aligned and compared. Pure and compiled."""
