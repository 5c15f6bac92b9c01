import { type AnyHost, type HostName, HOSTS, onHosts } from './lab.ts';

/** Every running service of a host, by unit. */
export type Starts = ReadonlyMap<string, Start>;

interface Start {
  /** Its process, and the moment it was started. */
  readonly process: string;
  /** How often systemd has started it again, as it had ended, since somebody last did. */
  readonly again: number;
}

/** They end by themselves when the API server is away at the moment they begin to lead, or for longer than a lease. */
const LEADERS = ['kube-controller-manager.service', 'kube-scheduler.service'];

/** What runs on each host and since when; two equal answers mean that nothing was restarted in between. */
export async function startsOf(): Promise<Map<HostName, Starts>>;
export async function startsOf<H extends AnyHost>(hosts: readonly H[]): Promise<Map<H, Starts>>;
export async function startsOf(hosts: readonly AnyHost[] = HOSTS): Promise<Map<AnyHost, Starts>> {
  const script = `systemctl list-units --type=service --state=active --no-legend --plain | awk '{ print $1 }' |
    xargs systemctl show -p Id,MainPID,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic,NRestarts`;
  const texts = await onHosts(script, hosts);
  return new Map([...texts].map(([host, text]) => [host, parse(text)]));
}

const parse = (text: string): Starts =>
  new Map(
    text
      .trim()
      .split('\n\n')
      .map((block) => {
        const fields = new Map(block.split('\n').map((line) => line.split('=', 2) as [string, string]));
        const told = ['MainPID', 'ExecMainStartTimestampMonotonic', 'ActiveEnterTimestampMonotonic'];
        const process = told.map((name) => fields.get(name)).join(' ');
        return [fields.get('Id') ?? '', { process, again: Number(fields.get('NRestarts')) }];
      }),
  );

/** Units that somebody started, stopped or restarted between two looks, as `host unit`. */
export function moved<H extends AnyHost>(before: Map<H, Starts>, after: Map<H, Starts>): string[] {
  return [...before]
    .flatMap(([host, units]) => {
      const now = after.get(host) ?? new Map<string, Start>();
      const names = [...new Set([...units.keys(), ...now.keys()])];
      return names
        .filter((name) => differs(name, units.get(name), now.get(name)))
        .map((name) => `${host} ${name}`);
    })
    .sort();
}

function differs(name: string, before: Start | undefined, now: Start | undefined): boolean {
  if (before && now && LEADERS.includes(name) && now.again > before.again) return false;
  return before?.process !== now?.process;
}
