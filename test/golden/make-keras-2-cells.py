"""Writes keras-2-cells.json: what Keras 2's recurrent layers give, for each of their options.

    python3 test/golden/make-keras-2-cells.py

Keras 2 runs on no Python of today: numpy computes its equations in float64 (keras/layers/recurrent.py of 2.1.2: gates i, f, c, o of LSTM
and z, r, h of GRU, whose reset gate comes before the product; hard_sigmoid is 0.2 x + 0.5 between 0 and 1). The cases have the layout of
those of keras-js, which Keras itself computed (test/real-models/).
"""
import json
from pathlib import Path

import numpy as np

rng = np.random.default_rng(2)
UNITS, WIDTH, STEPS = 4, 3, 5
hard = lambda x: np.clip(0.2 * x + 0.5, 0, 1)
sigmoid = lambda x: 1 / (1 + np.exp(-x))


def lstm(p, h, c, f, g):
    i, forget, candidate, o = np.split(p["x"] + h @ p["U"], 4)
    c = g(forget) * c + g(i) * f(candidate)
    return g(o) * f(c), c


def gru(p, h, c, f, g):
    (xz, xr, xh), (Uz, Ur, Uh) = np.split(p["x"], 3), np.split(p["U"], 3, axis=1)
    z, r = g(xz + h @ Uz), g(xr + h @ Ur)
    return z * h + (1 - z) * f(xh + (r * h) @ Uh), c


def rnn(p, h, c, f, g):
    return f(p["x"] + h @ p["U"]), c


# the options of each numbered case, as the tests list them; the last has no bias
CASES = [{}, {"sigmoid"}, {"sequences"}, {"backwards"}, {"sequences", "backwards"}, {"twice"}, {"sequences", "twice"},
         {"backwards", "twice"}, {"sequences", "backwards", "twice"}]
matrix = lambda a: {"shape": list(a.shape), "data": a.reshape(-1).tolist()}
cases = {}
for name, step, gates in [("LSTM", lstm, 4), ("GRU", gru, 3), ("SimpleRNN", rnn, 1)]:
    for k, options in enumerate(CASES):
        x, W, U, b = (rng.normal(0, 0.8, shape).round(6) for shape in [(STEPS, WIDTH), (WIDTH, gates * UNITS), (UNITS, gates * UNITS), (gates * UNITS,)])
        bias = [b] if k < len(CASES) - 1 else []
        f, g = (sigmoid, sigmoid) if "sigmoid" in options else (np.tanh, hard)
        rows = x[::-1] if "backwards" in options else x
        h = c = np.zeros(UNITS)
        for _ in range(2 if "twice" in options else 1):
            ys = []
            for row in rows:
                h, c = step({"x": row @ W + sum(bias), "U": U}, h, c, f, g)
                ys.append(h)
        y = np.array(ys) if "sequences" in options else ys[-1]
        cases.setdefault(name, {})[f"recurrent.{name}.{k}"] = {"input": matrix(x), "weights": [matrix(w) for w in [W, U, *bias]], "expected": matrix(y.round(9))}
json.dump(cases, open(Path(__file__).parent / "keras-2-cells.json", "w"))
