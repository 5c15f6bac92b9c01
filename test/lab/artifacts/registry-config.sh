#!/usr/bin/env bash
# Prints the configuration of the lab's image registry.
# usage: registry-config.sh ADDRESS:PORT STORAGE_FOLDER readonly|writable
set -euo pipefail

case "$3" in
  readonly) readonly=true ;;
  writable) readonly=false ;;
  *)
    echo "usage: registry-config.sh ADDRESS:PORT STORAGE_FOLDER readonly|writable" >&2
    exit 2
    ;;
esac

# Read-only while hosts use it: the storage is a cached build result.
cat <<CONFIG
version: 0.1
log:
  level: info
  accesslog:
    disabled: false
storage:
  filesystem:
    rootdirectory: $2
  maintenance:
    uploadpurging:
      enabled: false
    readonly:
      enabled: $readonly
  delete:
    enabled: false
http:
  addr: $1
CONFIG
