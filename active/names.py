"""Strategies, learners and encoders by name, for whoever only needs their names: web processes load no numerical
libraries for that. tests/active/test_names.py compares these lists with the registries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """How something is called on pages, and what it does in one sentence."""

    title: str
    description: str


DEFAULT_STRATEGY = "adaptive"
STRATEGIES: dict[str, Named] = {
    "adaptive": Named(
        "Adaptive",
        "Typical, diverse items while little is known, then the most doubtful ones, each of another kind.",
    ),
    "random": Named("Random", "Any item as well as any other."),
    "least_confidence": Named("Least confidence", "Items whose likeliest label is least likely."),
    "margin": Named("Margin", "Items whose two likeliest labels are closest to each other."),
    "entropy": Named("Entropy", "Items whose probabilities are spread over the most labels."),
    "cluster_margin": Named("Cluster-margin", "The most doubtful items, one of each kind."),
    "badge": Named("BADGE", "Items that would change the model much, each in another way."),
    "k_center": Named("Core-set (k-center)", "Items that are farthest from everything labeled."),
    "kmeans_plus_plus": Named("k-means++", "Items that differ from each other, drawn by their distances."),
    "typiclust": Named("TypiClust", "The most typical item of each part of the pool without labels."),
    "probcover": Named("ProbCover", "Items with the most unlabeled neighbours."),
    "density_weighted": Named("Density-weighted", "Doubtful items that are like many others."),
    "class_balanced": Named("Class-balanced", "Doubtful items of labels that are rare so far."),
    "bald": Named("BALD", "Items about which the model's parts disagree, each being sure."),
    "vote_entropy": Named("Vote entropy", "Items on which a committee of models splits its votes."),
    "kl_divergence": Named(
        "KL divergence", "Items on which the models of a committee differ from their mean."
    ),
    "expected_gradient_length": Named(
        "Expected gradient length", "Items whose answer would change the model most."
    ),
    "expected_error_reduction": Named(
        "Expected error reduction", "Items whose answer would make the model surest about all others."
    ),
    "cost_aware": Named("Cost-aware", "Doubtful items first that are quick to answer."),
}

LEARNERS: dict[str, Named] = {
    "logistic": Named("Logistic regression", "Fast and hard to beat on good vectors."),
    "mlp": Named("Neural network", "One hidden layer with dropout; for BALD."),
    "committee": Named(
        "Bootstrap committee", "Several logistic regressions; for strategies that compare votes."
    ),
    "boosting": Named("Gradient boosting", "Trees, for numbers and categories."),
}

# What each learner can be told; all of it are numbers. docs/methods/learners.md says what they mean.
LEARNER_OPTIONS: dict[str, tuple[str, ...]] = {
    "logistic": ("c", "iterations", "tolerance"),
    "mlp": (
        *("hidden", "dropout", "mixup", "rate", "decay"),
        *("batch", "epochs", "patience", "members"),
    ),
    "committee": ("members", "c", "iterations", "tolerance"),
    "boosting": ("rounds", "depth", "rate", "penalty"),
}

ENCODERS: dict[str, Named] = {
    "text": Named("Text (TF-IDF and SVD)", "Words and their parts; nothing is downloaded."),
    "sentences": Named("Sentence-transformers model", "Sentence embeddings of a model on the workers."),
    "huggingface": Named("Hugging Face model", "Mean-pooled states of any transformer on the workers."),
    "pictures": Named("Pictures (HOG and PCA)", "Shapes and shades; nothing is downloaded."),
    "torch_pictures": Named("Torch vision model", "A TorchScript or exported module on the workers."),
    "numbers": Named("Numbers and categories", "Scaled columns."),
    "vectors": Named("Precomputed vectors", "Vectors that came with the items."),
    "combined": Named("Combined", "Several of these side by side, each for its fields."),
}
