#!/usr/bin/env bash
# Builds the images of add-ons whose programs take minutes to build, as images.sh does those that every lab has.
# usage: addon-images.sh DESTINATION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/images/pack.sh
. "$ARTIFACTS_DIR/images/pack.sh"
# shellcheck source=SCRIPTDIR/images/monitoring.sh
. "$ARTIFACTS_DIR/images/monitoring.sh"
# shellcheck source=SCRIPTDIR/images/ingress.sh
. "$ARTIFACTS_DIR/images/ingress.sh"

build_monitoring
build_ingress_nginx
fill_registry
