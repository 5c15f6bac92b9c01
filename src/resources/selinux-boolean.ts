import { sh } from '../kernel/quote.ts';
import { was } from './steps/before.ts';
import { type Resource, none } from './resource.ts';

/** A switch of the SELinux policy that is on, now and after a boot. A policy without it forbids nothing by it. */
export function selinuxBoolean(name: string): Resource {
  const question = `selinux:${name}`;
  const path = `/sys/fs/selinux/booleans/${name}`;
  return {
    id: question,
    title: `SELinux ${name}`,
    watches: [
      {
        kind: 'answer',
        key: question,
        // The kernel's own view, `current pending`; getsebool reads the same.
        script: sh`k8sb_line=; [ ! -r ${path} ] || read -r k8sb_line < ${path}; echo "$k8sb_line"`,
      },
    ],
    diff(seen) {
      const [current = ''] = (seen.answer(question)?.output ?? '').split(/\s/);
      return current === '0'
        ? { kind: 'update', summary: 'off → on' }
        : none(current === '1' ? 'on' : 'unknown to the policy');
    },
    steps: () => [
      {
        op: 'run',
        title: `SELinux: ${name} on`,
        script: `${was('boolean', name, 'off')}\n${sh`setsebool -P ${name} on`}`,
      },
    ],
  };
}
