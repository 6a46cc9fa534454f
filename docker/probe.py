"""A health check: exits with 0 if the address given answers with a success, otherwise with 1."""

import sys
import urllib.request

try:
    urllib.request.urlopen(sys.argv[1], timeout=4).close()  # noqa: S310 - the address is the compose file's
except OSError as problem:
    sys.exit(f"{sys.argv[1]}: {problem}")
