#!/bin/bash
# The end-to-end suite: the product against real hosts of the lab. Needs root; see test/lab/lab.sh.
# usage: run.sh [NAME…]   only files whose name has NAME in it
#   K8SB_LAB_INSTANCE   which lab, default 0
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../lab/hosts/env.sh
source test/lab/hosts/env.sh

npm run --silent build
bash test/lab/lab.sh up

result=$K8SB_LAB_RUN/e2e.json
rm -f "$result"
code=0
node_modules/.bin/vitest run --config vitest.e2e.config.ts --reporter=verbose --reporter=json \
  --outputFile.json="$result" "$@" || code=$?
[[ -e $result ]] || die "vitest wrote no result"
node -e '
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  if (numPendingTests > 0) console.log(`${numPendingTests} skipped`);
  console.log(`${numPassedTests} passed, ${numFailedTests} failed`);
  process.exit(numFailedTests > 0 || numFailedTestSuites > 0 || numPassedTests === 0 ? 1 : 0);
' "$result" || code=1
exit "$code"
