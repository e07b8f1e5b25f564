#!/bin/sh
# Builds once, runs every test project, and ends with one line that adds up the result files. Fails when a test failed, when a project died
# without a result, or when nothing ran. With CI=true a skipped test is a failed one: a machine without /dev/fuse or namespaces proves nothing.
# ONLY=Store,Wire runs these rooms' projects alone.
set -eu
cd "$(dirname "$0")/.."

scripts/install-deps.sh test
dotnet build SwarmFS.sln -c Release --nologo -v quiet
scripts/publish.sh

results=$PWD/artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
skips=off
if [ "${CI:-}" = true ]; then skips=on; fi
# The end-to-end tests take five minutes on a machine of two cores, everything else two at most; four times that is a hang.
limit=${TEST_TIMEOUT:-1200}

dead=""
for project in tests/*.Tests; do
    name=$(basename "$project")
    room=${name#SwarmFS.}
    case ",${ONLY:-${room%.Tests}}," in *",${room%.Tests},"*) ;; *) continue ;; esac
    program="$project/bin/Release/net10.0/$name"
    log="$results/$name.log"
    status=0
    timeout --kill-after=30 "$limit" "$program" \
        --report-ctrf --report-ctrf-filename "$name.json" --results-directory "$results" --fail-skips "$skips" --no-progress --no-ansi >"$log" 2>&1 || status=$?
    # 8: the project holds no test.
    case $status in
        0) echo "ok      $name" ;;
        8) echo "empty   $name" ;;
        *)
            echo "FAILED  $name (exit code $status), log $log"
            grep -vE '^(xUnit|  In process|    - /)' "$log" | tail -n 60
            # A project that fails without naming a test has crashed.
            grep -qE '"failed":[1-9]' "$results/$name.json" 2>/dev/null || dead="$dead $name"
            ;;
    esac
done

count() {
    cat "$results"/*.json 2>/dev/null | grep -oE '"summary":\{[^}]*\}' | grep -oE "\"$1\":[0-9]+" | cut -d: -f2 | awk '{ sum += $1 } END { print sum + 0 }'
}
passed=$(count passed)
failed=$(count failed)
skipped=$(count skipped)
for name in $dead; do
    echo "$name ended without naming a failed test: counted as one failure."
    failed=$((failed + 1))
done
if [ $((passed + failed)) = 0 ]; then echo "Nothing ran."; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
