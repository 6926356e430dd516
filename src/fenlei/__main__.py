"""`python -m fenlei` is `fenlei`."""

from fenlei.cli import main

if __name__ == "__main__":
    main()
