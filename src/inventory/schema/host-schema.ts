import * as z from 'zod';
import { COMPONENTS } from '../../kernel/components.ts';
import {
  envText,
  extraArgs,
  localPath,
  port,
  scalarText,
  secret,
  withoutRoot,
  type Surroundings,
} from './fields.ts';
import type { Role } from '../types.ts';

export const ROLES = ['master', 'etcd', 'worker', 'nfs'] as const satisfies readonly Role[];

export const SSH_DEFAULTS = {
  user: 'root',
  port: 22,
  keys: ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'],
  agent: true,
  connectTimeoutSeconds: 10,
  commandTimeoutSeconds: 600,
} as const;

const connection = (surroundings: Surroundings) => ({
  user: envText(surroundings)
    .optional()
    .meta({ description: 'Who logs in; any other than root uses sudo', default: SSH_DEFAULTS.user }),
  port: port().optional().meta({ description: 'Where sshd listens', default: SSH_DEFAULTS.port }),
  keys: z
    .array(localPath(surroundings))
    .optional()
    .meta({ description: 'Private keys, tried after the agent', default: [...SSH_DEFAULTS.keys] }),
  agent: z
    .boolean()
    .optional()
    .meta({ description: 'Try the keys of the SSH agent', default: SSH_DEFAULTS.agent }),
  passphrase: secret(surroundings).optional().describe('Of the private keys; best as ${env:NAME}'),
  password: secret(surroundings).optional().describe('Best as ${env:NAME}; keys are better'),
  hostKey: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, { error: 'not a fingerprint as ssh-keygen -l prints it (SHA256:…)' })
    .optional()
    .describe('Pinned host key fingerprint, SHA256:…'),
  connectTimeoutSeconds: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'For the way to the login', default: SSH_DEFAULTS.connectTimeoutSeconds }),
  commandTimeoutSeconds: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'For one command on a host', default: SSH_DEFAULTS.commandTimeoutSeconds }),
});

/** SSH settings as written at any level; levels are merged, defaults come last. */
const sshSchema = (surroundings: Surroundings) =>
  z.strictObject({
    ...connection(surroundings),
    sudo: z
      .strictObject({
        enabled: z.boolean().optional().describe('Default: unless the user is root'),
        password: secret(surroundings).optional().describe('Best as ${env:NAME}'),
      })
      .optional()
      .describe('How to become root'),
    jump: z
      .union([
        z.string().min(1, { error: 'must not be empty' }),
        z.strictObject({
          address: envText(surroundings).describe('What SSH dials'),
          ...connection(surroundings),
        }),
        z.null(),
      ])
      .optional()
      .describe('Go through this host: the name of one in this inventory, or one of its own'),
  });

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

const taint = () =>
  z.union([
    z
      .string()
      .regex(/^[^=:]+(?:=[^=:]*)?:(?:NoSchedule|PreferNoSchedule|NoExecute)$/, {
        error: (issue) =>
          `"${String(issue.input)}" is not a taint like key=value:NoSchedule (or PreferNoSchedule, NoExecute)`,
      })
      .transform((text) => {
        const [, key = '', value = '', effect] = /^([^=:]+)=?([^=:]*):(\w+)$/.exec(text) ?? [];
        return { key, value, effect: effect as (typeof TAINT_EFFECTS)[number] };
      }),
    z.strictObject({
      key: z.string().describe('Name of the taint'),
      value: z.string().default('').describe('What a toleration compares'),
      effect: z.enum(TAINT_EFFECTS).describe('What befalls pods that do not tolerate it'),
    }),
  ]);

export const sysctls = () => z.record(z.string().regex(SYSCTL, { error: 'not a sysctl name' }), scalarText());
const SYSCTL = /^[a-z0-9_-]+(?:[./][A-Za-z0-9_*-]+)+$/;

export const packageNames = () =>
  z.array(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._:~-]*$/, {
      error: (issue) => `"${String(issue.input)}" is not a package name`,
    }),
  );

/** As `systemctl edit` names them. */
export const dropIns = () =>
  z.array(
    z.string().regex(DROP_IN, {
      error: (issue) =>
        `"${String(issue.input)}" is no drop-in of a unit of the cluster, like /etc/systemd/system/kubelet.service.d/override.conf`,
    }),
  );
const DROP_IN = new RegExp(
  `^/(?:etc|run)/systemd/system(?:\\.control)?/(?:${[...COMPONENTS, 'flanneld', 'k8s-bootstrap-routes', 'k8s-bootstrap-balancer', 'k8s-bootstrap-keepalived'].join('|')})\\.service\\.d/[A-Za-z0-9._@+:-]+\\.conf$`,
);

/** What a group and `defaults:` may say, and every host for itself. */
export const groupSchema = (surroundings: Surroundings) =>
  z.strictObject({
    roles: z
      .array(z.enum(ROLES))
      .min(1, { error: 'at least one role is needed' })
      .optional()
      .describe('What the host is'),
    labels: z.record(z.string(), scalarText()).optional().describe('Node labels'),
    taints: z.array(taint()).optional().describe('Node taints: key=value:NoSchedule'),
    ssh: sshSchema(surroundings).optional().describe('How to log in, where it differs from ssh:'),
    runtime: z.enum(['auto', 'docker', 'containerd']).optional().describe('Default: that of runtime.default'),
    setHostname: z
      .boolean()
      .optional()
      .meta({ description: "Make the OS's host name the node name", default: false }),
    packages: packageNames().optional().describe('Further OS packages'),
    sysctls: sysctls().optional().describe('Further kernel parameters, now and at boot'),
    extraArgs: z
      .partialRecord(z.enum(COMPONENTS), extraArgs())
      .optional()
      .describe('Flags by component, for this host'),
  });

export const hostSchema = (surroundings: Surroundings, group: ReturnType<typeof groupSchema>) =>
  z.strictObject({
    name: z
      .string()
      .min(1, { error: 'must not be empty' })
      .describe('Node name; w[1-3] stands for w1, w2, w3'),
    address: envText(surroundings)
      .transform(withoutRoot)
      .describe('What SSH dials; 192.168.139.[21-23] gives each of a range its own'),
    ip: envText(surroundings)
      .optional()
      .describe("The node's own IPv4 address; default: the address, if it is one"),
    nfsAddress: envText(surroundings)
      .transform(withoutRoot)
      .optional()
      .describe('Role nfs: by which nodes mount from it, as in a network of its own; default: ip'),
    group: z.string().optional().describe('Name of an entry in groups:'),
    ...group.shape,
  });

export type WrittenSsh = z.output<ReturnType<typeof sshSchema>>;
export type WrittenGroup = z.output<ReturnType<typeof groupSchema>>;
export type WrittenHost = z.output<ReturnType<typeof hostSchema>>;
