#!/usr/bin/env bash
# The steps of `make setup`, one a call: venv, packages, project, frontend, ready, browser. Run from the repository.
# Each can be run again; none asks anything. What a step cannot do it says, with what to do about it.
set -euo pipefail

say() { printf '==> %s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
can_apt() { [ "$(id -u)" = 0 ] && has apt-get; }

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# pip inside the venv, or where the venv has none, the pip of the Python that made it.
pip_in() {
    local venv=$1
    shift
    if [ -f "$venv/.without-pip" ]; then
        "$(cat "$venv/.without-pip")" -m pip --disable-pip-version-check --python "$venv/bin/python" "$@"
    else
        "$venv/bin/python" -m pip --disable-pip-version-check "$@"
    fi
}

usable_python() { # 3.11 or 3.12: what the lock was resolved for
    [ -n "$1" ] && "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null
}

make_venv() {
    local python=$1 venv=$2
    "$python" -m venv "$venv" >/dev/null 2>&1 && return
    rm -rf "$venv"
    # Debian keeps ensurepip in a package of its own.
    if can_apt && say "installing python3-venv" && apt_install python3-venv; then
        "$python" -m venv "$venv" && return
        rm -rf "$venv"
    fi
    if "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip "$venv" && printf '%s\n' "$python" >"$venv/.without-pip" && return
    fi
    return 1
}

# The system's own come first: distributions compile theirs by profiles of what it does, which a Python compiled by
# hand or by pyenv mostly is not. The same dataclasses take it a third less time, shapely's calls a fifth.
fit_pythons() {
    local candidate own=${SYSTEM_BIN:-/usr/bin}
    for candidate in "$own/python3.11" "$own/python3.12" python3.11 python3.12 python3 "$own/python3"; do
        usable_python "$candidate" && printf '%s\n' "$candidate"
    done
    return 0
}

step_venv() {
    local asked=$1 venv=$2 python pythons
    usable_python "$venv/bin/python" && return # made before, by hand or by a set-up that was stopped
    if [ -z "$asked" ]; then pythons=$(fit_pythons); elif usable_python "$asked"; then pythons=$asked; fi
    [ -n "${pythons:-}" ] || fail "Python 3.11 or 3.12 is needed. Install it, or name it: make PYTHON=/path/to/python3.11"
    say "making the virtual environment in $venv"
    rm -rf "$venv"
    while read -r python; do
        make_venv "$python" "$venv" </dev/null && return
    done <<<"$pythons"
    fail "no Python here can make a virtual environment. As root: apt-get install python3-venv"
}

step_packages() {
    local venv=$1 half pid pids=() failed=0
    say "installing the locked packages (a minute or two the first time)"
    # Two at once, every other package each: a pip unpacks on one core. --no-deps: the lock is complete, so there
    # is nothing to resolve; wheels only: nothing is built here.
    for half in 0 1; do
        awk -v half="$half" '/^[^ #]/ { entry++ } entry % 2 == half' requirements.lock >"$venv/.half-$half"
        pip_in "$venv" install -qq --no-compile --require-hashes --no-deps --only-binary :all: -r "$venv/.half-$half" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    [ "$failed" = 0 ] || return 1
    # Compiled for Python on all cores, but for what none here starts: the packages' own tests, a third of it all,
    # and the sources of mypy, which comes as machine code. A template that is no Python hinders nothing.
    "$venv/bin/python" -m compileall -qq -j 0 -x 'site-packages/(.*/)?(tests|mypyc?)/' "$venv"/lib/python3*/site-packages || true
}

step_project() {
    # hatchling is in the lock: no isolated build environment, so nothing unlocked is downloaded.
    pip_in "$1" install -qq --no-deps --no-build-isolation --editable .
    pip_in "$1" check >/dev/null || { pip_in "$1" check >&2 || fail "requirements.lock doesn't satisfy pyproject.toml. Run: make lock"; }
}

step_frontend() {
    local venv=$1 stamp=$2
    # Neither case stops the set-up: plans, the command line and all but the map work without.
    if ! has npm; then
        say "npm is missing, so the map's scripts and the prints' fonts can't be installed. Install Node 20 with npm, then: make setup"
        return
    fi
    say "installing the map's scripts and the prints' fonts"
    if ! npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null; then
        say "npm could not install the map's scripts and the prints' fonts (see above). When that is mended: make setup"
        return
    fi
    "$venv/bin/python" -m planner.ui.frontend
    mkdir -p "$(dirname "$stamp")"
    touch "$stamp"
}

step_ready() {
    local venv=$1 stamp=$2
    say "getting ready for the first plan: compiling searches, importing the shipped city (two to three minutes, once)"
    # Not needed to run: without, the first plan takes as much longer.
    if "$venv/bin/python" -m planner.ui.ready; then
        touch "$stamp"
    else
        say "not ready (see above): the app works, but its first plan will take half a minute"
    fi
}

step_browser() {
    has chromium && return
    if can_apt && say "installing Chromium for the tests of the page" && apt_install chromium fonts-dejavu-core; then
        return
    fi
    say "Chromium is missing: the tests of the page will be skipped (and in CI fail)."
    say "As root: apt-get install chromium"
}

case "${1:-}" in
    venv | packages | project | frontend | ready | browser) step="step_$1"; shift; "$step" "$@" ;;
    *) fail "usage: scripts/setup.sh venv|packages|project|frontend|ready|browser ..." ;;
esac
