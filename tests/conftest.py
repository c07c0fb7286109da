"""What holds for all tests: how hypothesis looks for counter-examples."""

from hypothesis import settings

# A machine that is busy elsewhere is no counter-example; what one run finds, every run finds.
settings.register_profile("warraq", deadline=None, derandomize=True)
settings.load_profile("warraq")
