"""What runs said of women unseen, judged: cases, figures with intervals, thresholds, comparisons, words. No Keras, and no pictures."""
