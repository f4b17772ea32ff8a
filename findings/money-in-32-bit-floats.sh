#!/usr/bin/env bash
# XGBoost and scikit-learn's trees cannot tell 167,772.16 from 167,772.17 in cents; LightGBM can.
#
# Expected: The features are 64-bit floats, exact for integers up to 2**53; two different amounts in cents are two
#   values to split at.
# Seen: XGBoost's matrix and scikit-learn's decision trees hold 32 bits: 16,777,216 and 16,777,217 are one value, so
#   both answer 0.5 where the label is decided by that cent. LightGBM and scikit-learn's histogram trees keep 64
#   bits and separate them.
# Cost: Thresholds at reporting limits in minor units (HTG 167,772.17 is some USD 1,300) blur, and a model moved
#   from one library to another changes its answers.
# Instead: Give amounts in major units or as logarithms, or as a distance to the limit that matters.
# Version: XGBoost 3.2.0, scikit-learn 1.9.1, LightGBM 4.7.0.
# Source: scikit-learn's documentation of DecisionTreeClassifier.fit tells of dtype=np.float32; XGBoost's of
#   XGBClassifier.fit does not.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    xgboost==3.2.0 scikit-learn==1.9.1 lightgbm==4.7.0 numpy==2.4.6
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys

import lightgbm
import numpy
import sklearn
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

amounts = numpy.array([16_777_216.0] * 50 + [16_777_217.0] * 50).reshape(-1, 1)
labels = numpy.array([0] * 50 + [1] * 50)
models = {
    "XGBoost": xgboost.XGBClassifier(n_estimators=10, n_jobs=1),
    "DecisionTree": DecisionTreeClassifier(),
    "HistGradientBoosting": HistGradientBoostingClassifier(min_samples_leaf=1),
    "LightGBM": lightgbm.LGBMClassifier(n_estimators=10, min_child_samples=1, n_jobs=1, verbose=-1),
}
print("xgboost", xgboost.__version__, "scikit-learn", sklearn.__version__, "lightgbm", lightgbm.__version__)
told_apart = {}
for name, model in models.items():
    low, high = model.fit(amounts, labels).predict_proba(amounts[[0, -1]])[:, 1]
    told_apart[name] = bool(high - low > 0.1)
    print(f"{name}: {low:.3f} {high:.3f}")
sys.exit(
    told_apart != {"XGBoost": False, "DecisionTree": False, "HistGradientBoosting": True, "LightGBM": True}
)
PYTHON
