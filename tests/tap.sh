# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# TAP of the shell scripts, to be sourced; see tap.py.
#
#	tap_plan COUNT
#	tap_check NAME COMMAND...	one test: whether the command succeeds
#	tap_result STATUS NAME [FILE]	one whose outcome is known, and what it said
#	tap_skip NAME REASON
#	tap_end				the exit status: 1 if one has failed

tap_number=0
tap_failed=0

tap_plan()
{
	echo "1..$1"
}

tap_result()
{
	tap_number=$((tap_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_number - $2"
		return
	fi
	tap_failed=1
	echo "not ok $tap_number - $2"
	[ -z "${3:-}" ] || tail -n 40 "$3" | sed 's/^/# /'
}

# In a shell of its own, and not as a condition: "set -e" holds in there.
tap_check()
{
	tap_name=$1
	shift
	tap_log=$(mktemp) || exit 1
	("$@") >"$tap_log" 2>&1 &
	tap_status=0
	wait $! || tap_status=$?
	tap_result "$tap_status" "$tap_name" "$tap_log"
	rm -f "$tap_log"
}

tap_skip()
{
	tap_number=$((tap_number + 1))
	echo "ok $tap_number - $1 # SKIP $2"
}

tap_end()
{
	exit "$tap_failed"
}
