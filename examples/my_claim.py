"""A theorem of one's own: averaging makes SGD with a constant step size reach the rate 1/n.

Least squares, y = ⟨θ, x⟩ + noise, x ~ N(0, I) in R^5, one pass. The excess risk of the average of the iterates is
E‖θ̄ − θ‖² = C/n + O(1/n²) with C = 5 (2 − η)/(2 − 7η), while a single iterate stays at 5η/(2 − 7η)
(Polyak & Juditsky 1992; the constants by the recursion of second moments). That recursion gives the exact slope on
this window, −1.018: 0.018 of the margin is known bias, the rest is tolerance.
"""

import numpy as np
from sklearn.linear_model import SGDRegressor

from rates import Check, Claim, Control, Experiment, Law, Margin, Pilot

ONE_PASS = {"learning_rate": "constant", "max_iter": 1, "tol": None, "shuffle": False, "fit_intercept": False}
SABOTAGES = {"last iterate": {"average": False}, "tiny step": {"step": 1e-4}, "heavy penalty": {"penalty": 1.0}}


def excess_risk(n, streams, average=True, step=0.1, penalty=0.0):
    """Return the excess risk of one pass over n samples, one number a stream."""
    sgd = SGDRegressor(alpha=penalty, eta0=step, average=average, **ONE_PASS)
    samples = [(s.numpy("inputs").standard_normal((n, 5)), s.numpy("noise").standard_normal(n)) for s in streams]
    return [np.sum((sgd.fit(x, x.sum(axis=1) / 2 + noise).coef_ - 1 / 2) ** 2) for x, noise in samples]


AVERAGED_SGD = Claim(
    name="averaged-sgd",
    statement="One pass of averaged SGD with a constant step size has excess risk of order 1/n.",
    law=Law.power("n", "-1"),
    experiment=Experiment(excess_risk, x=(100, 200, 400, 800, 1600), pilot=Pilot(level=0.4, slope=0.3, seconds=0.003)),
    checks=[Check("experiment-law", "slope", Margin(tolerance=0.1, bias=0.018, note="exact recursion"))],
    controls=[Control(name, knobs, "experiment-law", "slope") for name, knobs in SABOTAGES.items()],
)
CLAIMS = (AVERAGED_SGD,)
