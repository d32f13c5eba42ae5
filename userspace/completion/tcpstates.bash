# SPDX-License-Identifier: GPL-2.0
# Completion for bash: "tcpstates complete" prints the candidates.

_tcpstates()
{
	# COMP_WORDS splits comparisons at '=' and ':'.
	local line=${COMP_LINE:0:COMP_POINT}
	local -a words
	local current=${COMP_WORDS[COMP_CWORD]}

	read -ra words <<<"$line"
	[ "${line% }" = "$line" ] || words+=("")
	mapfile -t COMPREPLY < <(tcpstates complete -- "${words[@]:1}" 2>/dev/null)
	if [ "${COMPREPLY[0]-}" = "<command>" ]; then
		mapfile -t COMPREPLY < <(compgen -c -f -- "$current")
	elif [ "${COMPREPLY[0]-}" = "<file>" ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}
complete -F _tcpstates tcpstates
