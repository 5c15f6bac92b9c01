import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A stand-in for sudo, first on the PATH: tests run without root. What it prints, and when it reads its input, was
 * taken from sudo 1.9.13 byte for byte; it runs the command as whoever runs it, with `FAKE_ROOT=1` in its environment.
 *
 * `FAKE_SUDO` selects what it is: `nopasswd`, `password` (the right one is `S3cret pw`), `denied` (asks, then refuses),
 * `not-allowed`, `requiretty`, `otp` (PAM asks on its own and never shows our prompt), `expired` (the account), `broken`.
 * Each password it is given becomes a line of the file `passwords`.
 */
export function installFakeSudo(folder: string): { readonly PATH: string; readonly FAKE_SUDO_DIR: string } {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'sudo'), SCRIPT);
  chmodSync(join(bin, 'sudo'), 0o755);
  return { PATH: `${bin}:${process.env.PATH ?? ''}`, FAKE_SUDO_DIR: folder };
}

const SCRIPT = `#!/bin/sh
prompt= stdin= never=
while :; do
  case $1 in
    -H) shift ;;
    -S) stdin=1; shift ;;
    -n) never=1; shift ;;
    -p) prompt=$2; shift 2 ;;
    *) break ;;
  esac
done
printf '%s\\n' "$*" >>"$FAKE_SUDO_DIR/commands"
run() { FAKE_ROOT=1; export FAKE_ROOT; LC_ALL=en_US; exec "$@"; }
ask() {
  if [ -n "$never" ]; then echo 'sudo: a password is required' >&2; exit 1; fi
  [ -n "$stdin" ] || exit 9
  attempt=0
  while [ $attempt -lt 3 ]; do
    printf %s "$prompt" >&2
    if ! IFS= read -r password; then
      printf '\\nsudo: no password was provided\\n' >&2
      if [ $attempt -gt 0 ]; then echo "sudo: $attempt incorrect password attempt" >&2
      else echo 'sudo: a password is required' >&2; fi
      exit 1
    fi
    printf '%s\\n' "$password" >>"$FAKE_SUDO_DIR/passwords"
    [ "$password" = 'S3cret pw' ] && return
    attempt=$((attempt + 1))
    [ $attempt -lt 3 ] && echo 'Sorry, try again.' >&2
  done
  echo 'sudo: 3 incorrect password attempts' >&2
  exit 1
}
case $FAKE_SUDO in
  nopasswd) run "$@" ;;
  password) ask; run "$@" ;;
  denied) ask; echo 'deploy is not in the sudoers file.' >&2; exit 1 ;;
  not-allowed) ask; echo "Sorry, user deploy is not allowed to execute '$*' as root on m1." >&2; exit 1 ;;
  requiretty) echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1 ;;
  expired) echo 'sudo: Account or password is expired, reset your password and try again' >&2; exit 1 ;;
  otp) printf 'Verification code: ' >&2; IFS= read -r code; exit 1 ;;
  *) echo 'sudo: /etc/sudo.conf is owned by uid 1000, should be 0' >&2; exit 1 ;;
esac
`;
