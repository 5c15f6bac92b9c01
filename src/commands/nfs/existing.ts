import type { Mounted } from '../../answers/nfs.ts';
import { isTimeUp } from './causes.ts';
import { unescaped } from '../../resources/nfs/exports-text.ts';
import { type Server, mountSource } from './targets.ts';

/**
 * Tells as step `existing` what a host has mounted by NFS, each looked at with a time limit: a server that is away holds
 * up whoever looks, and only SIGKILL ends that. Of the mounts that hang, two are waited for. Needs `prelude`.
 */
export const EXISTING = `existing() {
  hung=0
  while read -r from at kind options _; do
    case $kind in nfs|nfs4) ;; *) continue ;; esac
    [ $hung -lt 2 ] || break
    place=$(printf %b "$(printf %s "$at" | sed 's/\\\\\\([0-7][0-7][0-7]\\)/\\\\0\\1/g')")
    said=$(timeout -s KILL 4 stat -t -- "$place" 2>&1 >/dev/null); code=$?
    [ $code -ne 137 ] || hung=$((hung + 1))
    printf '%s\\t%s\\t%s\\t%s\\t%s\\n' $code "$from" "$at" "$options" "$said"
  done </proc/mounts >"$D/out"
  tell existing 0 0
}
existing`;

export const readExisting = (said: string): Mounted[] =>
  said.split('\n').flatMap((line): Mounted[] => {
    const [code = '', from = '', at, options = '', words = ''] = line.split('\t');
    if (at === undefined) return [];
    const state = code === '0' ? 'ok' : isTimeUp(Number(code)) ? 'hangs' : 'failed';
    const version = /(?:^|,)vers=([\d.]+)/.exec(options)?.[1] ?? '';
    return [{ from: unescaped(from), at: unescaped(at), version, state, said: words }];
  });

/** Path on a server that is mounted, or `undefined` when it is another server's. */
export function pathOn(server: Pick<Server, 'host' | 'address'>, from: string): string | undefined {
  const names = [mountSource(server, ''), ...(server.host === undefined ? [] : [`${server.host}:`])];
  const name = names.find((one) => from.startsWith(one));
  return name === undefined ? undefined : from.slice(name.length);
}
