"""`python -m scheduler_api.cli`: the same as `scheduler-api`."""

from . import main

main()
