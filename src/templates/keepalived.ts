import { compiled } from './compiled.ts';

export interface KeepalivedConfig {
  /** Of the host. */
  readonly name: string;
  readonly ip: string;
  /** Of the other masters. */
  readonly peers: readonly string[];
  /** By which it reaches the other masters. */
  readonly interface: string;
  readonly vip: string;
  /** The interface that carries the address. */
  readonly link: string;
  /** The highest of those that are well has the address; between 101 and 254. */
  readonly priority: number;
  /** At most 8 characters. */
  readonly password: string;
  /** Script that asks for the health of API servers. */
  readonly check: string;
  /** What it asks with: authority, certificate, key. */
  readonly files: readonly [string, string, string];
  /** What has to answer with a success, here and on other masters. */
  readonly url: string;
  readonly others: readonly string[];
}

/** What keepalived is told; the comments in the template say why. */
export const keepalivedConfig = ({ peers, ip, files, others, ...values }: KeepalivedConfig): string => {
  template ??= compiled('templates/etc/keepalived.conf.hbs');
  return template({
    ...values,
    files: files.join(' '),
    others: others.map((url) => ` ${url}`).join(''),
    routerId: routerId(values.vip),
    peers: unicast(ip, peers),
  });
};

let template: ReturnType<typeof compiled> | undefined;

/** The same on all masters, and probably another than that of the next such address in the network; from 1 to 255. */
export const routerId = (vip: string): number => Number(vip.split('.').at(-1)) || 255;

/** Multicast is what many networks do not carry. Without anybody to tell, keepalived takes it by itself. */
const unicast = (ip: string, peers: readonly string[]): string =>
  peers.length === 0
    ? '    # There is no other master yet.'
    : [
        `    unicast_src_ip ${ip}`,
        '    unicast_peer {',
        ...peers.map((peer) => `        ${peer}`),
        '    }',
      ].join('\n');
