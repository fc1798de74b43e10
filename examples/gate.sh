#!/bin/sh
# Gate a change on its rates, in any CI: check the claims, then compare them with what was there before the change.
#
#   examples/gate.sh [TARGET ...]    claims, methods, chapters or files; the whole catalogue if none
#
# Taken from the environment, each with its default:
#   RATES_BASE=origin/main      the branch that the change goes to
#   RATES_BEFORE=               what the branch was before a push: a commit, as CI gives it (github.event.before,
#                               CI_COMMIT_BEFORE_SHA); empty for a pull request
#   RATES_PROFILE=quick         quick, ci or full
#   RATES_SEED=0                a frozen seed: what is red stays red until the code changes
#   RATES_OUT=reports/latest    the folder of the report
#
# The comparison is with RATES_BEFORE where it is given and is a commit that is here, so that a push of several commits
# is compared as a whole; else with the merge base; on the branch itself, where that is HEAD, with the commit before it.
#
# Leaves in RATES_OUT the report with its index.html and junit.xml, compare.md and compare.json, and gate.md, which
# is a summary of both for a pull request.
#
# The exit code is the worse of the two, in this order:
#   2 error    1 refuted or regressed    4 invalid    3 inconclusive    0 nothing wrong
# A code of any other kind (killed, command not found) counts as 2. Where there is nothing to compare with, at the
# first commit, the check alone decides; where the history is missing, in a shallow clone, that is an error.
set -u

base_branch=${RATES_BASE:-origin/main}
before=${RATES_BEFORE:-}
profile=${RATES_PROFILE:-quick}
seed=${RATES_SEED:-0}
out=${RATES_OUT:-reports/latest}

say() { echo "gate: $*" >&2; }

shallow() { [ "$(git rev-parse --is-shallow-repository)" = true ]; }

# Print the commit to compare with, nothing if there is none; fail if that cannot be known.
merge_base() {
    git rev-parse --git-dir >/dev/null || { say "git cannot read this repository: see above"; return 1; }
    case $before in
        *[!0]*) # zeros alone stand for a branch that is new
            if git rev-parse --verify --quiet "$before^{commit}"; then
                return 0
            fi
            say "$before, which was there before the push, is not here: the merge base takes its place"
            ;;
    esac
    found=
    if git rev-parse --verify --quiet "$base_branch^{commit}" >/dev/null; then
        found=$(git merge-base "$base_branch" HEAD)
    elif ! shallow && git rev-parse --verify --quiet HEAD^ >/dev/null; then
        say "there is no $base_branch here: fetch it, or name the branch that the change goes to in RATES_BASE"
        return 1
    fi
    # On the branch itself a commit is compared with the one before it.
    if [ "$found" = "$(git rev-parse --verify --quiet HEAD)" ]; then
        found=$(git rev-parse --verify --quiet HEAD^)
    fi
    if [ -z "$found" ] && shallow; then
        say "this is a shallow clone without the merge base: git fetch --unshallow (fetch-depth: 0, GIT_DEPTH: 0)"
        return 1
    fi
    echo "$found"
}

compare() {
    base=$(merge_base) || return 2
    if [ -z "$base" ]; then
        echo "Nothing to compare with: no commit before HEAD is on $base_branch." | tee "$out/compare.md" >&2
        return 0
    fi
    rates compare "$base" . "$@" --profile "$profile" --seed "$seed" \
        --markdown "$out/compare.md" --json "$out/compare.json"
}

# Print how bad an exit code is.
badness() {
    case $1 in
        0) echo 0 ;;
        3) echo 1 ;;
        4) echo 2 ;;
        1) echo 3 ;;
        *) echo 4 ;;
    esac
}

mkdir -p "$out" || exit 2
for file in index.html results.json report.md junit.xml compare.md compare.json gate.md; do
    rm -f "$out/$file" # an earlier one would speak for this run
done

rates check "$@" --profile "$profile" --seed "$seed" --out "$out"
checked=$?
compare "$@"
compared=$?

code=$checked
if [ "$(badness "$compared")" -gt "$(badness "$checked")" ]; then
    code=$compared
fi
if [ "$(badness "$code")" -eq 4 ]; then
    code=2
fi
{
    echo "# Rates: check $checked, compare $compared, gate $code"
    for file in compare.md report.md; do
        if [ -f "$out/$file" ]; then
            echo
            cat "$out/$file"
        fi
    done
} >"$out/gate.md"
say "check $checked, compare $compared: exit code $code; the summary is $out/gate.md"
exit "$code"
