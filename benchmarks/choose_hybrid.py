"""How the ranking half of the preset `tuned` was chosen: on validation rows of train sides alone.

Two protocols: the train side of the usual split (80/20, seed 42) split again 90/10, twice; and the train side without
each user's last ten, the ten before them left out again. Each candidate ranks for the users of what was left out.
Prints nDCG@10 from liked ratings on, the mean over the two protocols, each relative to its best candidate.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace

import numpy as np
from rich.progress import track

from latentlens.evaluation.ranking import ranked
from latentlens.evaluation.ranking_metrics import ndcg
from latentlens.ratings import readers
from latentlens.ratings.splits import Split, leave_last_n, random_split
from latentlens.recommenders.presets import PRESETS

FACTORS = (128, 256)
RIDGES = (100.0, 150.0, 200.0)
LIKINGS = (1.0, 1.5, 2.0)
RATING_WEIGHTS = (0.0, 0.02, 0.05)
LEFT_OUT = 10


def main() -> None:
    """Search the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo", help="demo, or a source of ratings such as ml-latest-small")
    ratings = readers.read(parser.parse_args().data)
    usual = random_split(ratings, 0.2, seed=42).train
    protocols = {
        "random": [random_split(usual, 0.1, seed) for seed in (1, 2)],
        "last": [leave_last_n(leave_last_n(ratings, LEFT_OUT).train, LEFT_OUT)],
    }
    candidates = list(itertools.product(FACTORS, RIDGES, LIKINGS, RATING_WEIGHTS))
    total = np.zeros(len(candidates))
    for name, sides in protocols.items():
        scores = np.mean([_scores(side, candidates, name) for side in sides], axis=0)
        total += scores / scores.max() / len(protocols)
    for place in np.argsort(total):
        k, reg, liking, weight = candidates[place]
        print(f"{total[place]:.4f}  factors={k}, reg={reg:g}, liking={liking:g}, rating_weight={weight:g}")


def _scores(side: Split, candidates: list[tuple[int, float, float, float]], name: str) -> list[float]:
    model = PRESETS["svd"].fit(side.train)
    scores = []
    for k, reg, liking, weight in track(candidates, name):
        config = replace(PRESETS["tuned"], ranking_factors=k, ranking_reg=reg, ranking_liking=liking)
        ranker = config.ease.learn(model.factors, model.history, weight)
        lists = ranked(replace(model, ranked_by=ranker), side.test)
        scores.append(float(ndcg(lists.hits, lists.n_relevant).mean()))
    return scores


if __name__ == "__main__":
    main()
