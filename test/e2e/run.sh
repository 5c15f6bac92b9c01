#!/bin/bash
# The end-to-end suite: the product against real hosts of the lab. Needs root; see test/lab/lab.sh.
# The program must be built.
# usage: run.sh [NAME…]   only files whose path has NAME in it
#   K8SB_LAB_INSTANCE   which lab, default 0
#   K8SB_E2E_RESULT     where the counts go, default e2e.json in the lab's folder
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/lab/hosts/env.sh
source test/lab/hosts/env.sh

bash test/lab/lab.sh up

result=${K8SB_E2E_RESULT:-$K8SB_LAB_RUN/e2e.json}
rm -f "$result"
code=0
node_modules/.bin/vitest run --config vitest.e2e.config.ts --reporter=verbose --reporter=json \
  --outputFile.json="$result" "$@" || code=$?
[[ -e $result ]] || die "vitest wrote no result"
# A test that did not run, because what it builds on failed, has not passed.
# shellcheck disable=SC2016 # the language is JavaScript
node -e '
  const { numTotalTests, numPassedTests, success } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  const failed = Math.max(numTotalTests - numPassedTests, success ? 0 : 1);
  console.log(`${numPassedTests} passed, ${failed} failed`);
  process.exit(failed > 0 || numPassedTests === 0 ? 1 : 0);
' "$result" || code=1
exit "$code"
