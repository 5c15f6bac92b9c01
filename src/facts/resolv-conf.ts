import type { HostFacts } from './facts.ts';
import { RESOLVED } from './facts-script.ts';

/** Whom a host asks for names, and the file that says so. */
export interface Resolvers {
  readonly file: string;
  readonly servers: readonly string[];
}

/**
 * What pods can take over from their node. systemd-resolved answers on an address of the host itself, where no pod
 * reaches it, and writes down elsewhere whom it asks.
 * https://www.freedesktop.org/software/systemd/man/systemd-resolved.service.html#/etc/resolv.conf
 */
export const resolversOf = ({ nameservers, resolvedServers }: HostFacts): Resolvers =>
  nameservers.length > 0 &&
  nameservers.every((server) => STUBS.includes(server)) &&
  resolvedServers.length > 0
    ? { file: RESOLVED, servers: resolvedServers }
    : { file: '/etc/resolv.conf', servers: nameservers };

const STUBS = ['127.0.0.53', '127.0.0.54'];
