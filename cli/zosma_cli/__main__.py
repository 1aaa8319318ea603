"""`python -m zosma_cli`, which is how the command line starts its own processes."""

from zosma_cli.main import main

main()
