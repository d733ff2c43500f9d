"""Real curves: `source` says what a training needs of them, `quadratics` are the tutorial's."""
