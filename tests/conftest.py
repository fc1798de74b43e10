"""What all tests share: hypothesis draws the same examples on every machine and in every run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "derandomised", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("derandomised")
