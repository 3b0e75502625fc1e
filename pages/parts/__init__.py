"""What the pages are made of: the desk, the wall, the rail, the bar, and where files come in."""
