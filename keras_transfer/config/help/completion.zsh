# Completion of `keras-transfer …` and `python -m keras_transfer.…` in zsh. In ~/.zshrc:
#   eval "$(keras-transfer --completion zsh)"

_keras_transfer_values() { # a verb: its options; a verb and an option: its values
    case $1 in
@VALUES@
    esac
}

_keras_transfer_options() { # fills `options` for a verb
    case $1 in
@OPTIONS@
    esac
}

_keras_transfer_several=' @SEVERAL@ ' # several values may follow these

_keras_transfer_complete() { # the verb, and the position of the first word behind it
    local verb=$1 first=$2 at=$((CURRENT - 1)) option=
    local -a options values
    if [[ $PREFIX == --*=* ]]; then
        option=${PREFIX%%=*}
        compset -P '*='
    elif [[ $PREFIX == -* ]]; then
        _keras_transfer_options $verb
        _describe -o option options
        return
    else
        while ((at >= first)) && [[ $words[at] != --* ]]; do at=$((at - 1)); done
        ((at >= first)) && option=$words[at]
        if ((at < CURRENT - 1)) && [[ $_keras_transfer_several != *" $verb $option "* ]]; then
            option=
        fi
    fi
    [[ $option ]] && values=(${=$(_keras_transfer_values "$verb $option")})
    if (($#values)); then compadd -a values; else _files; fi
}

_keras_transfer_verbs() {
    local -a verbs=(
@DESCRIBED@
    )
    _describe command verbs
}

_keras_transfer() {
    if ((CURRENT > 2)); then
        _keras_transfer_complete $words[2] 3
    elif [[ $PREFIX == -* ]]; then
        compadd -- --help --version --completion
    else
        _keras_transfer_verbs
    fi
}

_keras_transfer_python() {
    local at=${words[(i)-m]} module
    module=${words[at+1]-}
    if ((at + 1 == CURRENT)) && [[ $module && keras_transfer. == ${module[1,15]}* ]]; then
        compadd -- ${=:-@MODULES@}
    elif ((at + 1 < CURRENT)) && [[ $module == keras_transfer.* ]]; then
        _keras_transfer_complete ${module#keras_transfer.} $((at + 2))
    elif ((at + 2 == CURRENT)) && [[ $module == keras_transfer ]]; then
        _keras_transfer_verbs
    elif ((at + 2 < CURRENT)) && [[ $module == keras_transfer ]]; then
        _keras_transfer_complete ${words[at+2]} $((at + 3))
    elif (($+functions[_python])); then # what completed python before
        _python "$@"
    else
        _files
    fi
}

(($+functions[compdef])) || { autoload -Uz compinit && compinit }
compdef _keras_transfer keras-transfer
compdef _keras_transfer_python python python3
