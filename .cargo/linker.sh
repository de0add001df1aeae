#!/bin/sh
# The linker that cargo calls here: cc. A bare Debian has none, and without one not even xtask can
# be built; then this installs, once, everything on packages.txt that `cargo xtask test` and
# `cargo xtask demo` need.
set -eu

if command -v cc >/dev/null 2>&1; then exec cc "$@"; fi

folder=$(dirname "$0")

# cargo shows what a linker says only when it fails, so speak through cargo's own standard error;
# but not into a file, where cargo goes on writing at its own place.
voice() {
    pid=$$
    while [ "$pid" -gt 1 ]; do
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
        if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = cargo ]; then
            out=/proc/$pid/fd/2
            if { [ -p "$out" ] || [ -c "$out" ]; } && { true >>"$out"; } 2>/dev/null; then
                echo "$out"
                return
            fi
        fi
    done
    echo /dev/stderr
}

is_missing() {
    case $1 in
        /*) [ ! -e "$1" ] ;;
        *) ! PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Cargo links several programs at once: one installs, the others wait here.
exec 9<"$folder/packages.txt"
flock 9
if command -v cc >/dev/null 2>&1; then exec cc "$@" 9<&-; fi

missing=
while read -r when package probe; do
    if [ "$when" = always ] && is_missing "$probe"; then missing="$missing $package"; fi
done <"$folder/packages.txt"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "no C compiler (cc) to link with, and this is not Debian: install what gives these packages there:$missing" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "no C compiler (cc) to link with, and only root can install one: sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

voice=$(voice)
echo "installing from Debian:$missing" >>"$voice"
export DEBIAN_FRONTEND=noninteractive
{
    apt-get -q -o DPkg::Lock::Timeout=300 update
    # shellcheck disable=SC2086 # a list of words
    apt-get -q -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends $missing
} </dev/null >>"$voice" 2>&1 9<&-

exec cc "$@" 9<&-
