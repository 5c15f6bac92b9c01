import { compiled } from './compiled.ts';

export interface BalancerConfig {
  /** On loopback. */
  readonly port: number;
  /** File of the authority whose certificates the API servers show. */
  readonly ca: string;
  /** File with the key and the certificate by which it asks for their health. */
  readonly identity: string;
  /** In the order in which they are taken. */
  readonly servers: readonly BalancedServer[];
}

export interface BalancedServer {
  readonly name: string;
  /** `address:port` */
  readonly address: string;
  /** Taken only while none of the others is well. */
  readonly backup: boolean;
}

/** What haproxy is told; the comments in the template say why. */
export const balancerConfig = ({ servers, ...values }: BalancerConfig): string => {
  template ??= compiled('templates/etc/haproxy.cfg.hbs');
  return template({
    ...values,
    servers: servers.map((server) => serverLine(server, values)).join('\n'),
  });
};

let template: ReturnType<typeof compiled> | undefined;

/** Every API server's certificate has the name `kubernetes`; haproxy compares names, not addresses. */
const serverLine = (
  { name, address, backup }: BalancedServer,
  { ca, identity }: Pick<BalancerConfig, 'ca' | 'identity'>,
): string =>
  `    server ${name} ${address} check check-ssl verify required ca-file ${ca} verifyhost kubernetes crt ${identity}${backup ? ' backup' : ''}`;
