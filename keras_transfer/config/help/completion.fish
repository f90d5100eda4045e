# Completion of `keras-transfer …` and `python -m keras_transfer.…` in fish. In config.fish:
#   keras-transfer --completion fish | source

function __keras_transfer_calls --description 'Whether the command line calls this verb'
    set -l words (commandline -opc)
    if string match -q '*keras-transfer' -- $words[1]
        test "$words[2]" = $argv[1]
        return
    end
    set -l at (contains -i -- -m $words); or return 1
    set -l module $words[(math $at + 1)]
    test "$module" = keras_transfer.$argv[1]; and return
    test "$module" = keras_transfer; and test "$words[$(math $at + 2)]" = $argv[1]
end

function __keras_transfer_complete
    for program in keras-transfer python python3
        complete -c $program -n "__keras_transfer_calls $argv[1]" $argv[2..]
    end
end

complete -c keras-transfer -n __fish_use_subcommand -l version -d 'print the versions'
complete -c keras-transfer -n __fish_use_subcommand -l completion -x -a 'bash zsh fish'
@FISH@
