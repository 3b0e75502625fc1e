"""Recipes, dataset readers, networks, fitting, judging and promotion: the one room that imports Keras. Knows no screens."""
