"""How far generated tests look: `--hypothesis-profile=thorough` looks further, and elsewhere each time."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "usual", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("usual"), max_examples=1500, derandomize=False)
settings.load_profile("usual")
