# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scripts of this folder share; sourced by them.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # for those who source this
TOP=$(cd "$VM_DIR/../.." && pwd)
CACHE=${TCPSTATES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tcpstates}

say()
{
	printf '# %s\n' "$*" >&2
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 125
}

# lines FILE: the lines of a list, without comments.
lines()
{
	sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$1"
}

# Only one process at a time builds what the cache lacks; the lock of NAME
# is held until the process ends.
lock_cache()
{
	mkdir -p "$CACHE"
	exec 9>"$CACHE/$1.lock"
	flock -n 9 && return
	say "waiting for another process that fills $CACHE"
	flock 9
}

# apt without the notes that only matter to a person at a prompt.
apt_quiet()
{
	apt-get -qq -o APT::Sandbox::User="$(id -un)" "$@"
}
