"""What the lab's pages are made of: data and recipe, the run that is going on, runs side by side, promotion. No Keras."""
