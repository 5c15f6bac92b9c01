import { archOf } from '../release/release.ts';
import { dockerMirrorIsBare } from '../inventory/rules/runtime-rules.ts';
import { isNode } from '../phases/shared/topology.ts';
import { type Check, type Subject, error, fixedByUp, skewOf, warn } from './check.ts';
import { registryOf } from '../resources/image-tag.ts';
import { runtimeOf, runtimePackage } from '../phases/node/runtime.ts';
import { folders } from './folders.ts';
import { likeName, supportedSystem, supportedSystems, systemOf, whyRefused } from '../release/systems.ts';

/** The machine and its operating system. */
export const machineChecks: readonly Check[] = [
  {
    id: 'os',
    title: 'the operating system is a supported one',
    check: ({ facts }) =>
      supportedSystem(facts)
        ? []
        : error(
            `runs ${facts.prettyName}, which is not supported`,
            `${whyRefused(facts) ?? ''} Supported are ${supportedSystems().join(', ')}; --ignore-preflight os takes it for ${likeName(facts)}.`.trim(),
          ),
  },
  {
    id: 'arch',
    title: 'there are binaries for the machine',
    check({ facts }) {
      if (facts.machine === '') return []; // told by `tools`
      try {
        archOf(facts.machine);
        return [];
      } catch {
        return error(
          `is a ${facts.machine} machine`,
          'Kubernetes binaries are known for x86_64 and aarch64.',
        );
      }
    },
  },
  {
    id: 'cpus',
    title: 'masters have 2 processors',
    check: ({ host, facts: { cpus } }) =>
      cpus < 2 && isMaster(host)
        ? warn(`has ${cpus} processor`, 'A master works with one, but slowly; give it two.')
        : [],
  },
  {
    id: 'memory',
    title: 'there is enough memory',
    check({ host, facts: { memoryMiB } }) {
      const hint = 'A master needs 2 GiB, a worker 1 GiB.';
      const message = `has ${memoryMiB} MiB of memory`;
      if (isMaster(host) && memoryMiB < 900) return error(message, hint);
      return memoryMiB < (isMaster(host) ? 1700 : 900) ? warn(message, hint) : [];
    },
  },
  {
    id: 'disk',
    title: 'there is room under /var/lib',
    check({ facts: { diskFreeMiB, unanswered } }) {
      if (unanswered.includes('df')) return [];
      const message = `has ${diskFreeMiB} MiB left under /var/lib`;
      if (diskFreeMiB < 1024)
        return error(message, 'Free at least 1 GiB; images and etcd want 5 GiB and more.');
      return diskFreeMiB < 5120
        ? warn(message, 'Images and etcd want 5 GiB and more; kubelet evicts pods when it gets tight.')
        : [];
    },
  },
  { id: 'clock', title: 'the clock is right', check: clock },
  {
    id: 'swap',
    title: 'swap is off',
    check({ world, host, facts: { swaps } }) {
      if (swaps.length === 0 || !isNode(host)) return [];
      const message = `swaps to ${swaps.join(', ')}`;
      if (world.inventory.os.swap === 'off') return fixedByUp(message);
      return warn(
        message,
        'With os.swap "ignore" pods swap too, and their memory limits are not what they say.',
      );
    },
  },
  {
    id: 'cgroups',
    title: 'cgroup v1 is there',
    check: ({ host, facts: { cgroups, family } }) =>
      cgroups === 'v2' && isNode(host)
        ? error(
            'has booted with cgroup v2 only, which Kubernetes 1.16 cannot use',
            `Add systemd.unified_cgroup_hierarchy=0 to the kernel's command line and boot again: ${CGROUP_V1[family]}.`,
          )
        : [],
  },
  {
    id: 'kernel',
    title: 'the kernel leaks no cgroups',
    check: ({ host, facts }) =>
      isNode(host) &&
      facts.kernel.startsWith('3.10.') &&
      !facts.kernelArguments.includes('cgroup.memory=nokmem')
        ? warn(
            `runs kernel ${facts.kernel}, which leaks memory of stopped containers`,
            'On 3.10.0-1062 and later boot with cgroup.memory=nokmem: grubby --update-kernel=ALL --args=cgroup.memory=nokmem',
          )
        : [],
  },
  {
    id: 'selinux',
    title: 'SELinux is as wanted',
    check({ world, facts: { selinux } }) {
      if (selinux !== 'enforcing') return [];
      if (world.inventory.os.selinux === 'permissive') return fixedByUp('SELinux enforces');
      return warn(
        'SELinux enforces',
        'Pods may be denied host folders; os.selinux: permissive only reports what would be denied.',
      );
    },
  },
  {
    id: 'repositories',
    title: 'package repositories exist',
    check: ({ facts: { deadRepositories } }) =>
      deadRepositories.length === 0
        ? []
        : warn(
            `${deadRepositories.join(', ')} point at CentOS mirrors that were shut down in 2024`,
            'Comment out mirrorlist= there and set baseurl=http://vault.centos.org/7.9.2009/os/$basearch/ and the like, or use a mirror of your own.',
          ),
  },
  { id: 'folders', title: 'no folder of the cluster is a link that does not do', check: folders },
  { id: 'runtime', title: 'the installed container runtime is old enough', check: runtimeVersion },
  {
    id: 'logins',
    title: 'images from mirrors can be pulled with a login',
    check({ world, host }) {
      const { images, runtime } = world.inventory;
      if (!isNode(host) || runtimeOf(world, host) !== 'containerd') return [];
      const asked = Object.values(images.mirrors).find((from) => registryOf(from) in runtime.registries);
      if (asked === undefined) return [];
      return error(
        `${asked} of images.mirrors cannot be pulled with a login: containerd's ctr takes a password on its command line only, where everybody reads it`,
        'Name the registry under runtime.mirrors instead, which containerd itself reads with runtime.registries; or use docker on that host.',
      );
    },
  },
  {
    id: 'mirrors',
    title: 'the runtime can use the image mirrors',
    check({ world, host }) {
      const lost = Object.keys(world.inventory.runtime.mirrors).filter(
        (registry) => registry !== 'docker.io',
      );
      if (!isNode(host) || runtimeOf(world, host) !== 'docker') return [];
      const pathed = (world.inventory.runtime.mirrors['docker.io'] ?? []).some(
        (mirror) => !dockerMirrorIsBare(mirror),
      );
      if (pathed)
        return error(
          'docker starts with no mirror of docker.io that has a path, a user or a password',
          'Write runtime.mirrors for docker.io as https://host:port, or set runtime.default: containerd.',
        );
      if (lost.length === 0) return [];
      return warn(
        `docker has no mirrors for ${lost.join(', ')}, only for docker.io`,
        'Write images.pause and your images with the name of the mirror, or set runtime.default: containerd.',
      );
    },
  },
];

const CGROUP_V1 = {
  centos: 'grubby --update-kernel=ALL --args=systemd.unified_cgroup_hierarchy=0',
  debian: 'GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub',
  other: 'see the manual of its boot loader',
};

const isMaster = (host: Subject['host']): boolean => host.roles.includes('master');

function clock({ facts, time, allAsWrong }: Subject): ReturnType<typeof warn> {
  if (!time) return [];
  const skew = skewOf(facts, time);
  if (Math.abs(skew) <= 2) return [];
  const message = `its clock is ${Math.abs(skew).toFixed(0)} s ${skew < 0 ? 'behind' : 'ahead of'} this machine's`;
  const hint = allAsWrong
    ? `All hosts are ${skew < 0 ? 'behind' : 'ahead'} by as much: it is this machine's clock that is wrong (timedatectl). Certificates depend on it.`
    : 'Run chronyd or systemd-timesyncd on it; certificates and etcd depend on the time.';
  return Math.abs(skew) > 60 ? error(message, hint) : warn(message, hint);
}

function runtimeVersion({ world, host, seen, facts }: Subject): ReturnType<typeof error> {
  if (!isNode(host)) return [];
  const runtime = runtimeOf(world, host);
  const name = runtimePackage(world, host);
  const installed = seen.package(name) ?? 'absent';
  const { below } = world.release.packages(runtime, systemOf(facts).family === 'debian' ? 'debian' : 'rhel');
  if (installed === 'absent' || major(installed) < major(below)) return [];
  return error(
    `has ${name} ${installed}, which no longer speaks to Kubernetes 1.16`,
    `Install a version below ${below}.`,
  );
}

/** Before it may stand an epoch: `5:28.1.1-1~debian`. */
const major = (version: string): number => Number.parseInt(version.replace(/^\d+:/, ''), 10);
