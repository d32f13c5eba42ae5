# SPDX-License-Identifier: GPL-2.0
# Completion for fish: "tcpstates complete" prints the candidates.

function __tcpstates_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l candidates (tcpstates complete -- $words[2..-1] 2>/dev/null)
    if test "$candidates[1]" = "<command>"
        __fish_complete_subcommand
    else if test "$candidates[1]" = "<file>"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $candidates
    end
end

complete -c tcpstates -f -a '(__tcpstates_complete)'
