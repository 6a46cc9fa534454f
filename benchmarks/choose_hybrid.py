"""How the ranking half of the preset `tuned` was chosen: on validation rows of the train side alone.

The train side of the usual split (80/20, seed 42) is split again, 90/10, twice; each candidate ranks for the users of
the 10. Prints the mean nDCG@10 of every candidate (what counts: liked ratings, and all of them), the best last.
"""

from __future__ import annotations

import argparse
import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np
from rich.progress import track

from latentlens.evaluation.ranking import ranked
from latentlens.evaluation.ranking_metrics import ndcg
from latentlens.ratings import readers
from latentlens.ratings.splits import random_split
from latentlens.recommenders.presets import PRESETS

FACTORS = (128, 256, 512)
RIDGES = (50.0, 100.0, 200.0)
LIKINGS = (0.4, 0.6, 0.8)
RATING_WEIGHTS = (0.0, 0.02, 0.05, 0.1)
SPLITS = 2


def main() -> None:
    """Search the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo", help="demo, or a source of ratings such as ml-latest-small")
    ratings = readers.read(parser.parse_args().data)
    train = random_split(ratings, 0.2, seed=42).train
    found = defaultdict(list)
    for seed in range(1, SPLITS + 1):
        side = random_split(train, 0.1, seed)
        model = PRESETS["svd"].fit(side.train)
        for k, reg, liking in track(list(itertools.product(FACTORS, RIDGES, LIKINGS))):
            config = replace(PRESETS["tuned"], ranking_factors=k, ranking_reg=reg, ranking_liking=liking)
            ranker = config.ease.learn(model.factors, model.history)
            for weight in RATING_WEIGHTS:
                mixed = replace(model, ranked_by=replace(ranker, rating_weight=weight))
                scores = []
                for liked in (None, ratings.scale[0]):
                    lists = ranked(mixed, side.test, liked=liked)
                    scores.append(float(ndcg(lists.hits, lists.n_relevant).mean()))
                found[f"factors={k}, reg={reg:g}, liking={liking:g}, rating_weight={weight:g}"].append(scores)
    means = {candidate: np.mean(scores, axis=0) for candidate, scores in found.items()}
    for candidate, (liked, all_) in sorted(means.items(), key=lambda item: item[1][0]):
        print(f"{liked:.4f} liked  {all_:.4f} all  {candidate}")


if __name__ == "__main__":
    main()
