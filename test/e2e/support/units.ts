import { type AnyHost, type HostName, HOSTS, onHosts } from './lab.ts';

/** Every running service of a host: `unit → process and the moment it was started`. */
export type Starts = ReadonlyMap<string, string>;

/** What runs on each host and since when; two equal answers mean that nothing was restarted in between. */
export async function startsOf(): Promise<Map<HostName, Starts>>;
export async function startsOf<H extends AnyHost>(hosts: readonly H[]): Promise<Map<H, Starts>>;
export async function startsOf(hosts: readonly AnyHost[] = HOSTS): Promise<Map<AnyHost, Starts>> {
  const script = `systemctl list-units --type=service --state=active --no-legend --plain | awk '{ print $1 }' |
    xargs systemctl show -p Id,MainPID,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic`;
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
        return [fields.get('Id') ?? '', told.map((name) => fields.get(name)).join(' ')];
      }),
  );

/** Units that were started, stopped or restarted between two looks, as `host unit`. */
export function moved<H extends AnyHost>(before: Map<H, Starts>, after: Map<H, Starts>): string[] {
  return [...before]
    .flatMap(([host, units]) => {
      const now = after.get(host) ?? new Map<string, string>();
      const names = new Set([...units.keys(), ...now.keys()]);
      return [...names].filter((name) => units.get(name) !== now.get(name)).map((name) => `${host} ${name}`);
    })
    .sort();
}
