"""Open mammography reading room, as a library. Research use only, not for clinical use."""
