import { quote } from '../../kernel/quote.ts';
import { PATH_LINE } from '../../probe/probe.ts';
import type { StepResult } from './causes.ts';

/**
 * The beginning of every script here. `step NAME SECONDS COMMAND…` runs a command with a time limit and tells its code,
 * its duration and what it said in one line that starts with the nonce; what was said is in base64, so any bytes survive.
 * Output goes through a file: a daemon that a command leaves behind would keep a pipe open.
 * A reader that went away does not end the script (SIGPIPE is ignored), so that it gets to cleaning up.
 */
export const prelude = (nonce: string): string => `N=${quote(nonce)}
${PATH_LINE}
umask 077
trap '' PIPE
D=$(mktemp -d /run/k8s-bootstrap-nfs.XXXXXX) || exit 70
trap clean EXIT
trap 'exit 143' HUP INT TERM
clean() { rm -f -- "$D/out"; rmdir -- "$D"; }
tell() { printf '%s %s %s %s %s\\n' "$N" "$1" "$2" "$3" "$(head -c 1048576 "$D/out" | base64 -w0)"; }
step() {
  name=$1; limit=$2; shift 2
  begun=$(date +%s%N)
  timeout -k 2 "$limit" "$@" >"$D/out" 2>&1 </dev/null; code=$?
  tell "$name" $code $((($(date +%s%N) - begun) / 1000000))
  return $code
}`;

/** Steps by name, from what such a script printed; lines that are something else are left out. */
export function readFrames(nonce: string, stdout: Buffer): Map<string, StepResult> {
  const frames = stdout
    .toString('latin1')
    .split('\n')
    .flatMap((line): [string, StepResult][] => {
      const [head, name, code, ms, said = ''] = line.split(' ');
      if (head !== nonce || name === undefined || ms === undefined) return [];
      return [
        [name, { code: Number(code), ms: Number(ms), said: Buffer.from(said, 'base64').toString('utf8') }],
      ];
    });
  return new Map(frames);
}
