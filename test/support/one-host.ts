import { type Stage } from '../../src/plan/stage.ts';
import { bytes } from '../../src/resources/content.ts';
import { binary } from '../../src/resources/binary.ts';
import { directory, file } from '../../src/resources/file.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { service } from '../../src/resources/service.ts';
import { sysctl } from '../../src/resources/sysctl.ts';
import { kernelModule, packages, systemUser } from '../../src/resources/system.ts';
import { type Goal, converge, look as survey } from '../../src/run/converge.ts';
import { connectAll, hostSummaries, makeFleet } from '../../src/run/fleet.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { stage } from './cells.ts';
import { watchesOf } from './planning.ts';
import type { Session } from '../../src/transport/session.ts';
import { type RootedHost, rootedHost } from './rooted-host.ts';
import type { Shell } from './shells.ts';

/** A run of stages on one host with a real shell. */
export async function up(
  host: { readonly session: () => Session | Promise<Session> },
  stages: readonly Stage[],
  more: Partial<Goal> = {},
) {
  const events: RunEvent[] = [];
  const fleet = makeFleet(['m1'], {
    addressOf: () => '192.0.2.1',
    emit: (event) => void events.push({ ...event, at: new Date() }),
    connect: async () => host.session(),
    concurrency: 2,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
  const goal: Goal = {
    desire: () => stages,
    watches: () => watchesOf(stages).get('m1') ?? [],
    essential: () => true,
    admit: () => Promise.resolve(),
    prepare: () => Promise.resolve(),
    complete: true,
    prune: false,
    owner: "o'hara@here (pid 1)",
    ...more,
  };
  await connectAll(fleet);
  const plan = await survey(fleet, goal);
  await converge(fleet, goal, plan, new AbortController().signal);
  const [summary] = hostSummaries(fleet);
  const [member] = fleet.members.values();
  return { events, plan, summary: summary!, failed: member!.failed };
}

export const on = (id: string, resources: readonly Resource[], more: Partial<Stage> = {}): Stage =>
  stage(id, ['m1'], { resources: () => resources, ...more });

export const unitText = (flags: string): string =>
  `[Service]\nExecStart=/usr/local/bin/etcd ${flags}\nEnvironmentFile=-/var/lib/k8s-bootstrap/revisions/etcd.service\n`;

/** About all there is: what a phase is made of. */
export function everything(flags = '--x'): Stage[] {
  const unit = '/etc/systemd/system/etcd.service';
  return [
    on('os', [
      packages('yum', ['socat', 'iptables'], []),
      kernelModule('overlay'),
      sysctl('net.ipv4.ip_forward', '1'),
    ]),
    on('store', [
      systemUser({ name: 'etcd', home: '/var/lib/etcd', comment: 'etcd' }),
      directory({ path: '/var/lib/etcd', mode: '0700', owner: 'etcd' }),
      binary({
        path: '/usr/local/bin/etcd',
        sha256: bytes('a program').sha256,
        from: 'etcd v3',
        source: () => Promise.resolve(bytes('a program')),
      }),
      file({ path: '/etc/etcd/etcd.key', content: 'very secret', secret: true, owner: 'etcd' }),
      file({ path: unit, content: unitText(flags) }),
      service({
        unit: 'etcd.service',
        restartOn: [`file:${unit}`, 'file:/usr/local/bin/etcd', 'file:/etc/etcd/etcd.key'],
        inputs: [unit, '/etc/etcd/etcd.key'],
      }),
    ]),
  ];
}

export function fresh(shell: Shell): RootedHost {
  const host = rootedHost(shell);
  for (const name of ['socat', 'iptables']) host.setState(`repo/${name}`, '1-1');
  host.write('/proc/sys/net/ipv4/ip_forward', '0\n');
  return host;
}
