# Completion of `keras-transfer …` and `python -m keras_transfer.…` in bash. In ~/.bashrc:
#   eval "$(keras-transfer --completion bash)"

_keras_transfer_values() { # a verb: its options; a verb and an option: its values
    case $1 in
@VALUES@
    esac
}

_keras_transfer_several=' @SEVERAL@ ' # several values may follow these

_keras_transfer_offer() { COMPREPLY=($(compgen -W "$1" -- "$2")); }

_keras_transfer_complete() { # the verb, and the index of the first word behind it
    local verb=$1 first=$2 current=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) near option=
    if [[ $current == "=" ]]; then
        current=
    elif [[ ${COMP_WORDS[at]} == "=" ]]; then
        at=$((at - 1))
    fi
    if [[ $current == -* ]]; then
        _keras_transfer_offer "$(_keras_transfer_values "$verb")" "$current"
        return
    fi
    near=$at
    while ((at >= first)) && [[ ${COMP_WORDS[at]} != --* ]]; do at=$((at - 1)); done
    ((at >= first)) && option=${COMP_WORDS[at]}
    if ((at == near)) || [[ $_keras_transfer_several == *" $verb $option "* ]]; then
        [[ $option ]] && _keras_transfer_offer "$(_keras_transfer_values "$verb $option")" "$current"
    fi
}

_keras_transfer() {
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _keras_transfer_offer '@VERBS@ --help --version --completion' "${COMP_WORDS[1]}"
    else
        _keras_transfer_complete "${COMP_WORDS[1]}" 2
    fi
}

_keras_transfer_python() {
    local at module
    COMPREPLY=()
    for ((at = 1; at < COMP_CWORD; at++)); do [[ ${COMP_WORDS[at]} == -m ]] && break; done
    module=${COMP_WORDS[at + 1]-}
    if ((at + 1 == COMP_CWORD)) && [[ $module && "keras_transfer." == "${module:0:15}"* ]]; then
        _keras_transfer_offer '@MODULES@' "$module"
    elif ((at + 1 < COMP_CWORD)) && [[ $module == keras_transfer.* ]]; then
        _keras_transfer_complete "${module#keras_transfer.}" $((at + 2))
    elif ((at + 2 == COMP_CWORD)) && [[ $module == keras_transfer ]]; then
        _keras_transfer_offer '@VERBS@' "${COMP_WORDS[COMP_CWORD]}"
    elif ((at + 2 < COMP_CWORD)) && [[ $module == keras_transfer ]]; then
        _keras_transfer_complete "${COMP_WORDS[at + 2]}" $((at + 3))
    elif [[ $_keras_transfer_before ]]; then # what completed python before
        "$_keras_transfer_before" "$@"
    fi
}

if declare -F _comp_load >/dev/null; then
    _comp_load python 2>/dev/null
elif declare -F _completion_loader >/dev/null; then
    _completion_loader python 2>/dev/null
fi
if [[ $(complete -p python 2>/dev/null) =~ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _keras_* ]]; then
    _keras_transfer_before=${BASH_REMATCH[1]}
fi
complete -o bashdefault -o default -F _keras_transfer keras-transfer
complete -o bashdefault -o default -F _keras_transfer_python python python3
