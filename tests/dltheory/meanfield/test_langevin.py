import numpy as np
import pytest

from dltheory.meanfield.gaussian import LinearGaussian
from dltheory.meanfield.gaussian_langevin import particle_suboptimality
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin import MeanFieldLangevin, lipschitz, run
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem


def problem(neuron=None, loss=None, p=2, size=5, temperature=0.3, l2=0.3):
    rng = np.random.default_rng(3)
    inputs, offsets = rng.standard_normal((size, p)), 0.3 * rng.standard_normal(size)
    labels = np.sign(rng.standard_normal(size))
    return MeanFieldProblem(inputs, labels, l2, temperature, neuron or Tanh(), loss or SquaredLoss(), offsets)


EVERY = pytest.mark.parametrize(
    "given", [problem(), problem(Linear()), problem(TwoLayerTanh(), LogisticLoss())], ids=["tanh", "linear", "layers"]
)


def cloud(given, count=6):
    return np.random.default_rng(0).standard_normal((count, given.dimension))


def network_gradient(given, theta):
    """N times the gradient of the averaged network's regularised loss, by finite differences."""

    def loss(flat):
        particles = flat.reshape(theta.shape)
        z = given.values(particles).mean(axis=0)
        return np.mean(given.loss.value(z, given.labels)) + given.l2 * np.mean(np.sum(particles**2, axis=1))

    flat, size = theta.ravel(), 1e-6
    units = size * np.eye(flat.size)
    slope = [(loss(flat + unit) - loss(flat - unit)) / (2 * size) for unit in units]
    return len(theta) * np.reshape(slope, theta.shape)


@EVERY
def test_a_step_is_a_gradient_step_of_the_network_plus_its_noise(given):
    theta, eta = cloud(given), 0.1
    found = run(given, MeanFieldLangevin(eta), theta, np.random.default_rng(1), [0, 1])
    noise = np.random.default_rng(1).standard_normal(theta.shape)
    wanted = theta - eta * network_gradient(given, theta) + np.sqrt(2 * 0.3 * eta) * noise
    assert found.theta == pytest.approx(wanted, abs=1e-7)
    assert found.predictions[0] == pytest.approx(given.values(theta).mean(axis=0))
    assert found.predictions[1] == pytest.approx(given.values(found.theta).mean(axis=0))


@EVERY
@pytest.mark.parametrize("gradients", ["sgd", "svrg"])
def test_mini_batches_have_the_full_gradient_as_their_mean(given, gradients):
    theta, eta = cloud(given), 0.05
    method = MeanFieldLangevin(eta, gradients, batch=2, refresh=3, heat=0.0)
    ends = np.stack([run(given, method, theta, np.random.default_rng(seed), [2]).theta for seed in range(400)])
    first = np.stack([run(given, method, theta, np.random.default_rng(seed), [1]).theta for seed in range(400)])
    wanted = theta - eta * network_gradient(given, theta)
    error = first.std(axis=0, ddof=1) / 20
    assert np.all(np.abs(first.mean(axis=0) - wanted) < 4.5 * error + 1e-7)
    assert np.isfinite(ends).all()


def test_an_anchor_at_every_step_is_the_full_gradient_and_a_recent_one_halves_the_noise():
    given = problem()
    theta = cloud(given)

    def end(gradients, seed, refresh=1):
        method = MeanFieldLangevin(0.05, gradients, batch=1, refresh=refresh, heat=0.0)
        return run(given, method, theta, np.random.default_rng(seed), [4]).theta

    full = end("full", 0)
    assert end("svrg", 5) == pytest.approx(full, abs=1e-12)
    spread = {name: np.mean([(end(name, s, 10) - full) ** 2 for s in range(50)]) for name in ("sgd", "svrg")}
    assert spread["svrg"] < spread["sgd"] / 2


def test_knobs_of_wrong_implementations_do_what_they_say():
    given = problem()
    theta = cloud(given)
    pull = network_gradient(given, theta) - 2 * given.l2 * theta
    one = {
        "shrink": (MeanFieldLangevin(0.1, heat=0.0, shrink=0.5), theta - 0.1 * (pull + given.l2 * theta)),
        "speed": (MeanFieldLangevin(0.1, heat=0.0, speed=0.1), theta - 0.01 * (pull + 2 * given.l2 * theta)),
    }
    for method, wanted in one.values():
        assert run(given, method, theta, np.random.default_rng(0), [1]).theta == pytest.approx(wanted, abs=1e-7)
    frozen = run(given, MeanFieldLangevin(0.1, heat=0.0, frozen=True), theta, np.random.default_rng(0), [2]).theta
    g, twice = given.loss.slope(given.values(theta).mean(axis=0), given.labels), theta
    for _ in range(2):
        twice = twice - 0.1 * given.drift(twice, g)
    assert frozen == pytest.approx(twice, abs=1e-12)


def test_particles_in_equilibrium_have_the_suboptimality_of_the_closed_form():
    given = problem(Linear(), p=1, size=3)
    model, eta, count = LinearGaussian(given), 0.3, 4
    times = range(40, 12_000, 8)
    found = run(given, MeanFieldLangevin(eta), np.zeros((count, 1)), np.random.default_rng(4), times)
    moved = found.predictions - (given.inputs @ model.mean + given.shifts)
    response = given.inputs @ given.inputs.T / (2 * given.l2 * given.size)
    values = np.einsum("ti,ij,tj->t", moved, np.eye(3) + response, moved) / 6
    batches = values[:1490].reshape(149, 10).mean(axis=1)
    error = batches.std(ddof=1) / len(batches) ** 0.5
    assert abs(values.mean() - particle_suboptimality(model, np.array(count), eta)) < 4.5 * error


def test_the_suboptimality_of_a_cloud_comes_from_its_predictions():
    given = problem(p=1)
    quadrature = Quadrature.of(given)
    found = run(given, MeanFieldLangevin(0.1), cloud(given, 50), np.random.default_rng(0), [0, 100])
    wanted = quadrature.best - quadrature.dual(given.loss.slope(found.predictions, given.labels))
    assert found.dual_suboptimality(quadrature) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("given", [problem(), problem(TwoLayerTanh()), problem(loss=LogisticLoss())])
def test_the_lipschitz_constant_bounds_the_drift_of_all_particles_together(given):
    rng, bound = np.random.default_rng(1), lipschitz(given)
    for scale in (0.1, 1.0, 3.0):
        theta = scale * rng.standard_normal((3, given.dimension))
        size = 1e-5
        units = size * np.eye(theta.size).reshape(-1, *theta.shape)

        def drift(particles):
            return given.drift(particles, given.loss.slope(given.values(particles).mean(axis=0), given.labels))

        columns = [(drift(theta + unit) - drift(theta - unit)).ravel() / (2 * size) for unit in units]
        assert np.linalg.norm(np.array(columns), 2) <= bound


def test_linear_neurons_have_the_largest_eigenvalue_of_the_hessian():
    given = problem(Linear())
    assert lipschitz(given) == pytest.approx(np.linalg.eigvalsh(LinearGaussian(given).hessian)[-1])


def test_bad_input_is_refused_in_one_sentence():
    given, generator = problem(), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"is not below 2/L = .* take smaller steps"):
        run(given, MeanFieldLangevin(5.0), cloud(given), generator, [1])
    with pytest.raises(ValueError, match="finite particles"):
        run(given, MeanFieldLangevin(0.1), np.full((3, 2), np.inf), generator, [1])
    with pytest.raises(ValueError, match="take the dual suboptimality of its predictions"):
        run(given, MeanFieldLangevin(0.1), cloud(given), generator, [1]).objective()
    with pytest.raises(ValueError, match=r"the temperature .* must be positive, or the minimiser has no density"):
        problem(temperature=0.0)
    with pytest.raises(ValueError, match="must be positive, or no density can be normalised"):
        problem(l2=0.0)
    with pytest.raises(ValueError, match="use the dual suboptimality of particles"):
        Quadrature.of(problem(p=3))
    for wrong in ({"step_size": 0.0}, {"step_size": 0.1, "batch": 0}, {"step_size": 0.1, "gradients": "adam"}):
        with pytest.raises(ValueError, match=r"must be|are full"):
            MeanFieldLangevin(**wrong)
