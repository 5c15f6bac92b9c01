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
  /** File of the script that asks for the health of the API server. */
  readonly check: string;
}

export interface KeepalivedCheck {
  /** What has to answer with a success. */
  readonly url: string;
  /** The same of other masters. */
  readonly others: readonly string[];
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** What keepalived is told; the comments in the template say why. */
export const keepalivedConfig = ({ peers, ip, ...values }: KeepalivedConfig): string => {
  configTemplate ??= compiled('templates/etc/keepalived.conf.hbs');
  return configTemplate({ ...values, routerId: routerId(values.vip), peers: unicast(ip, peers) });
};

export const keepalivedCheck = ({ others, ...values }: KeepalivedCheck): string => {
  checkTemplate ??= compiled('templates/etc/keepalived-check.sh.hbs');
  return checkTemplate({ ...values, others: others.join(' ') });
};

let configTemplate: ReturnType<typeof compiled> | undefined;
let checkTemplate: ReturnType<typeof compiled> | undefined;

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
