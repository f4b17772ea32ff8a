"""Ask a page of this container whether its process is well: `python healthy.py URL`; exit code 0 when it says so."""

import sys
import urllib.error
import urllib.request

try:
    # The address is the image's own, and no proxy of the environment's has a part in it.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=4):
        pass
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"{sys.argv[1]}: {error}")
