import { sh } from '../kernel/quote.ts';
import { type Change, type Resource, none } from './resource.ts';
import { was } from './steps/before.ts';
import type { PackageManager } from '../facts/facts.ts';

/** Packages that must be installed; any version the host's repositories give. */
export function packages(
  manager: PackageManager,
  names: readonly string[],
  environment: readonly (readonly [name: string, value: string])[] = [],
): Resource {
  return {
    id: 'packages',
    title: 'packages',
    watches: names.map((key) => ({ kind: 'package', key })),
    diff(seen): Change {
      const missing = names.filter((name) => (seen.package(name) ?? 'absent') === 'absent');
      if (missing.length === 0) return none('all installed');
      return {
        kind: missing.length === names.length ? 'create' : 'update',
        summary: `install ${missing.join(' ')}`,
      };
    },
    steps: (_change, seen) => [
      {
        op: 'packages',
        manager,
        names: names.filter((name) => (seen.package(name) ?? 'absent') === 'absent'),
        environment,
      },
    ],
  };
}

/** A kernel module that is loaded now; the file that loads it at boot is another resource. */
export function kernelModule(name: string): Resource {
  return {
    id: `module:${name}`,
    title: `kernel module ${name}`,
    watches: [{ kind: 'module', key: name }],
    diff: (seen): Change => {
      const state = seen.module(name) ?? 'absent';
      return state === 'absent' ? { kind: 'create', summary: 'load' } : none(state);
    },
    steps: () => [
      {
        op: 'run',
        title: `load module ${name}`,
        script: `${was('module', name, '-')}\n${sh`modprobe -- ${name}`}`,
      },
    ],
  };
}

/** A system account without a login, for a daemon whose package does not bring one. */
export function systemUser({
  name,
  home,
  comment,
}: {
  name: string;
  home: string;
  comment: string;
}): Resource {
  const question = `user:${name}`;
  return {
    id: question,
    title: `user ${name}`,
    watches: [{ kind: 'answer', key: question, script: isKnown(name) }],
    diff: (seen): Change =>
      seen.answer(question)?.code === 0 ? none('exists') : { kind: 'create', summary: 'system account' },
    steps: () => [
      {
        op: 'run',
        title: `create user ${name}`,
        script: `${was('account', name, '-')}\n${sh`useradd -r -M -U -d ${home} -s /sbin/nologin -c ${comment} -- ${name}`}`,
      },
    ],
  };
}

/** The shell finds a local account itself; others may come from a directory service, which takes a process to ask. */
const isKnown = (name: string): string => sh`found=
while IFS=: read -r user _; do [ "$user" != ${name} ] || found=yes; done < /etc/passwd
[ -n "$found" ] || id -u -- ${name}`;
