import { isIPv4 } from 'node:net';
import { expandRange } from '../../inventory/ranges.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';

/**
 * What a person writes for hosts, one by one: `192.168.139.10-12` are three addresses, `w[1-3].lan` three names,
 * anything else stands for itself. Each once.
 * @throws E_ADDRESS, E_RANGE
 */
export const expandAddresses = (given: readonly string[]): readonly string[] => [
  ...new Set(given.flatMap(expand)),
];

function expand(text: string): readonly string[] {
  const [, network, from, to] = /^(\d+\.\d+\.\d+\.)(\d+)-(\d+)$/.exec(text) ?? [];
  const range = network === undefined ? text : `${network}[${Number(from)}-${Number(to)}]`;
  const addresses = expandRange(range);
  for (const address of addresses) {
    const fit = /^[\d.]+$/.test(address)
      ? isIPv4(address)
      : /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(address);
    if (fit) continue;
    throw new BootstrapError('E_ADDRESS', `"${address}" is neither an IPv4 address nor a host name`, {
      hint: 'Hosts are written like 192.168.139.10, 192.168.139.10-12 or node1.lan; user and port go into --user and --port.',
      exitCode: ExitCode.usage,
    });
  }
  return addresses;
}
