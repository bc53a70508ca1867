"""`python -m bpe`: the command line."""

from .cli import main

raise SystemExit(main())
