#!/usr/bin/env bash
# Sets Kinora up and starts what is asked for; see `bash setup.sh help`. This file only finds a Python.
set -u
bootstrap="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/tools/bootstrap.py"

candidates=(python3.13 python3.12 python3.11 python3 python)
if [ -n "${KINORA_PYTHON:-}" ]; then candidates=("$KINORA_PYTHON"); fi

probe='import sys; print("%d.%d.%d" % sys.version_info[:3]); sys.exit(sys.version_info < (3, 11))'
seen=""
for candidate in "${candidates[@]}"; do
    # Asking is the only way to know: pyenv's shims are there for versions that are not.
    if version="$("$candidate" -c "$probe" 2>/dev/null)"; then
        exec "$candidate" "$bootstrap" "$@"
    fi
    if [ -n "$version" ]; then seen="$seen $candidate is $version."; fi
done

echo "Kinora needs Python 3.11 or newer.${seen:- No Python was found.}" >&2
echo "Install one (from python.org or your package manager), or set KINORA_PYTHON to the one to use." >&2
exit 1
