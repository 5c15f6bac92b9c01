import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import { file } from '../../resources/file.ts';
import type { Resource } from '../../resources/resource.ts';
import { sysctl } from '../../resources/sysctl.ts';
import { kernelModule } from '../../resources/system.ts';
import { ipvsModules } from '../node/ipvs.ts';
import { withoutKeepalived } from '../control-plane/keepalived.ts';
import { isNode, sharesAddress } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import { hostname, selinuxPermissive, swapOff } from '../../resources/os-settings.ts';
import type { Phase, World } from '../phase.ts';

/** What the operating system must be like: kernel modules and parameters, no swap, and what else was asked for. */
export const osPhase: Phase = {
  id: 'os',
  title: 'Operating system',
  batch: 'parallel',
  hosts: ({ inventory }) => inventory.hosts,
  watch: factsWatches,
  resources: (world, host) => [
    ...(host.setHostname ? [hostname(host.name)] : []),
    ...(world.inventory.os.selinux === 'permissive' ? [selinuxPermissive()] : []),
    ...(isNode(host) && world.inventory.os.swap === 'off' ? [swapOff()] : []),
    // Modules first: net.bridge.* is only there with br_netfilter.
    ...modules(world, host),
    ...sysctls(world, host),
    // On every host, and before firewalls are closed to it: whoever hears nobody takes the address.
    ...(sharesAddress(world, host) ? [] : [withoutKeepalived()]),
  ],
};

/** Kernel parameters of a host by name: what a node needs, and over that what the inventory says. */
export const sysctlsOf = ({ inventory }: World, host: Host): Readonly<Record<string, string>> => ({
  ...(isNode(host) ? NODE_SYSCTLS : {}),
  ...(isNode(host) && inventory.profile !== 'course' ? KERNEL_DEFAULTS : {}),
  ...inventory.os.sysctls,
  ...host.sysctls,
});

const NODE_SYSCTLS = {
  'net.ipv4.ip_forward': '1',
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
};

/**
 * With `protectKernelDefaults` kubelet demands these values instead of setting them itself.
 * https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/util/sysctl/sysctl.go
 */
const KERNEL_DEFAULTS = {
  'vm.overcommit_memory': '1',
  'vm.panic_on_oom': '0',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
  'kernel.keys.root_maxkeys': '1000000',
  'kernel.keys.root_maxbytes': '25000000',
};

function modules(world: World, host: Host): Resource[] {
  const { inventory } = world;
  if (!isNode(host)) return [];
  const { cni, flannel } = inventory.network;
  const vxlan = cni === 'flannel' && flannel?.backend === 'vxlan' ? ['vxlan'] : [];
  const names = [
    'overlay',
    'br_netfilter',
    'nf_conntrack',
    ...vxlan,
    ...ipvsModules(inventory, world.facts(host.name)),
  ];
  return [file({ path: paths.modulesLoad, content: lines(names) }), ...names.map(kernelModule)];
}

function sysctls(world: World, host: Host): Resource[] {
  const wanted = Object.entries(sysctlsOf(world, host));
  if (wanted.length === 0) return [];
  return [
    file({ path: paths.sysctl, content: lines(wanted.map(([key, value]) => `${key} = ${value}`)) }),
    ...wanted.map(([key, value]) => sysctl(key, value)),
  ];
}

const lines = (values: readonly string[]): string =>
  `${['# Written by k8s-bootstrap.', ...values].join('\n')}\n`;
