# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# bash completion for guardctl.

_guardctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} options
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "run check explain report diff suggest events trace verify sessions --help --version" -- "$word")
		return
	fi
	case $before in
	--policy | --ceiling) mapfile -t COMPREPLY < <(compgen -f -X '!*.conf' -- "$word"; compgen -d -- "$word") && return ;;
	--log) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
	--by) mapfile -t COMPREPLY < <(compgen -c -- "$word") && return ;;
	--format)
		options="text json html markdown sarif junit csv github"
		[ "$command" != events ] || options="text json ocsf otlp"
		[ "$command" != trace ] || options="json folded"
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") && return
		;;
	--group-by) mapfile -t COMPREPLY < <(compgen -W "rule program object operation source" -- "$word") && return ;;
	--fail-on) mapfile -t COMPREPLY < <(compgen -W "refused lost uncovered drift" -- "$word") && return ;;
	--escape) mapfile -t COMPREPLY < <(compgen -W "safe ascii" -- "$word") && return ;;
	--verdict) mapfile -t COMPREPLY < <(compgen -W "allow deny" -- "$word") && return ;;
	esac
	case $command in
	run) options="--policy --log" ;;
	check) options="--policy --strict --keys --unused --log" ;;
	explain) options="--policy --by --after --log --json" ;;
	report) options="--log --format --json --top --events --group-by --fail-on --base --escape --all --color --pid --operation --verdict --path --since" ;;
	suggest) options="--log --ceiling" ;;
	diff) options="--log --top --json" ;;
	events) options="--log --pid --operation --verdict --path --since --follow --format --json --keys" ;;
	trace) options="--log --pid --operation --verdict --path --since --format" ;;
	verify) options="--log --expect --json" ;;
	sessions) options="--log" ;;
	*) options="" ;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word")
		return
	fi
	case $command in
	run) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;
	check) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	explain)
		mapfile -t COMPREPLY < <(compgen -W "read write create delete attr load connect bind send resolve exec signal
			trace identity mount namespace kernel" -- "$word"; compgen -f -- "$word")
		;;
	esac
}
complete -o filenames -F _guardctl guardctl
