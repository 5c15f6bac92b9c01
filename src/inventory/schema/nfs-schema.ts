import * as z from 'zod';
import { envText, port, type Surroundings } from './fields.ts';
import { clientProblem } from './nfs-clients.ts';
import { imageName } from './registry-fields.ts';
import { completed, contradiction, wordProblem } from './nfs-options.ts';
import type { Host, Nfs, NfsClient, NfsExport, NfsProvisioner } from '../types.ts';

/** As a list, or as it stands between the parentheses in /etc/exports. */
const options = () =>
  z
    .union([z.string().transform((text) => text.split(',')), z.array(z.string())])
    .superRefine((words, context) => {
      for (const word of words) {
        const message = wordProblem(word);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      }
      const [one, other] = contradiction(words) ?? [];
      if (one !== undefined && other !== undefined) {
        context.addIssue({ code: 'custom', message: `${one} and ${other} contradict each other` });
      }
    })
    .describe('rw,sync,no_root_squash,no_subtree_check, where nothing else is said');

const match = () =>
  z.string().superRefine((text, context) => {
    const { message, hint } = clientProblem(text) ?? {};
    if (message !== undefined) context.addIssue({ code: 'custom', message, params: { hint } });
  });

const clients = () =>
  z
    .array(
      z.union([
        match(),
        z.strictObject({
          match: match().describe('A range, an address, a name, *.example.com, @netgroup, or *'),
          options: options().optional(),
        }),
      ]),
    )
    .min(1, { error: 'at least one client is needed' });

const account = (who: string) =>
  z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/, {
    error: (issue) => `"${String(issue.input)}" is not the name or number of a ${who}`,
  });

/** Exports of the hosts with role `nfs`, or of a server elsewhere. What needs more than one field is checked by rules. */
export const nfsSchema = (surroundings: Surroundings) =>
  z.strictObject({
    server: envText(surroundings)
      .optional()
      .describe('Name or address of a server that is no host here; its exports are used, not made'),
    protocol: z.enum(['all', 'v4']).default('all').describe('v4: version 4 alone, on a single port'),
    ports: z
      .strictObject({
        mountd: port().default(20_048).describe('Of rpc.mountd'),
        statd: port().default(662).describe('Of rpc.statd'),
        lockd: port().default(4045).describe('Of lockd, TCP and UDP'),
      })
      .prefault({})
      .describe('Where the helpers of version 3 listen'),
    clients: clients().optional().describe('Of every export that names none; default: the nodes'),
    options: options().optional(),
    exports: z
      .array(
        z.strictObject({
          path: z.string().min(1, { error: 'must not be empty' }).describe('Folder on the server'),
          host: z.string().optional().describe('Name of the host, where several have the role nfs'),
          clients: clients().optional().describe('Who may mount it'),
          options: options().optional(),
          mode: z
            .string()
            .regex(/^[0-7]{3,4}$/, { error: (issue) => `"${String(issue.input)}" is not a mode like 0777` })
            .optional()
            .describe('Of the folder; default: 0777 when it is made, and as it is when it is there'),
          owner: account('user').optional().describe('Likewise; root'),
          group: account('group').optional().describe('Likewise; root'),
          allowWorld: z.boolean().default(false).describe('Let the whole world in as root'),
          allowExisting: z
            .boolean()
            .default(false)
            .describe('Export a folder that holds files already, outside the places for data'),
        }),
      )
      .describe('Folders, by their paths'),
    provisioner: provisioner(surroundings).optional().describe('Makes a volume of every claim; {} will do'),
  });

const provisioner = (surroundings: Surroundings) =>
  z.strictObject({
    kind: z.enum(['nfs-client', 'nfs-subdir']).default('nfs-client').describe('nfs-subdir: its successor'),
    image: imageName(envText(surroundings))
      .optional()
      .meta({ description: 'Name and tag', default: IMAGES['nfs-client'] }),
    namespace: z.string().default('kube-system').describe('Where it runs'),
    name: z.string().optional().meta({ description: 'Of the Deployment', default: NAMES['nfs-client'] }),
    export: z.string().optional().describe('Path of the export it fills; default: the first'),
    provisionerName: z.string().default('k8s-bootstrap/nfs').describe('What the StorageClass calls it'),
    storageClass: z
      .strictObject({
        name: z.string().default('nfs-client').describe('What claims name'),
        default: z.boolean().default(false).describe('Claims that name no class get this one'),
        reclaimPolicy: z
          .enum(['Delete', 'Retain'])
          .default('Delete')
          .describe('What becomes of a volume whose claim is deleted'),
        archiveOnDelete: z
          .boolean()
          .default(true)
          .describe("Rename a deleted volume's folder, keep its files"),
        mountOptions: z
          .array(z.string().regex(/^[^\s,]+$/, { error: 'not a mount option' }))
          .default([])
          .describe('With which nodes mount its volumes'),
      })
      .prefault({})
      .describe('The class of its volumes'),
  });

/** As their projects published them last. */
const IMAGES = {
  'nfs-client': 'quay.io/external_storage/nfs-client-provisioner:v3.1.0-k8s1.11',
  'nfs-subdir': 'registry.k8s.io/sig-storage/nfs-subdir-external-provisioner:v4.0.2',
} as const;

const NAMES = {
  'nfs-client': 'nfs-client-provisioner',
  'nfs-subdir': 'nfs-subdir-external-provisioner',
} as const;

export type WrittenNfs = z.output<ReturnType<typeof nfsSchema>>;

/** With all that follows from other parts of the inventory; where nothing follows, an empty text that a rule reports. */
export function resolveNfs(written: WrittenNfs, hosts: readonly Host[]): Nfs {
  const servers = hosts.filter(({ roles }) => roles.includes('nfs'));
  const { server, protocol, ports } = written;
  const made = written.exports.map((entry): NfsExport => {
    const given = entry.clients ?? written.clients ?? nodeAddresses(hosts);
    const common = entry.options ?? written.options;
    return {
      host: server === undefined ? (entry.host ?? (servers.length === 1 ? servers[0]?.name : '')) : undefined,
      path: entry.path.replace(/(?<=.)\/+$/, ''),
      clients: given.map((client) => clientOf(client, common ?? [])),
      mode: entry.mode?.padStart(4, '0'),
      owner: entry.owner,
      group: entry.group,
      allowWorld: entry.allowWorld,
      allowExisting: entry.allowExisting,
    };
  });
  return {
    hosts: servers.map(({ name }) => name),
    outside: server,
    protocol,
    ports,
    exports: made,
    provisioner: written.provisioner && provisionerOf(written.provisioner, made, hosts, server),
  };
}

type WrittenClient = NonNullable<WrittenNfs['clients']>[number];

function clientOf(client: WrittenClient, common: readonly string[]): NfsClient {
  const { match, options: own } = typeof client === 'string' ? { match: client } : client;
  // What servers make of a prefix of no bits differs; everybody is written *.
  const everybody = ['0.0.0.0/0', '::/0'].includes(match);
  return { match: everybody ? '*' : match, options: completed(own ?? common) };
}

/** By what nodes mount from a host. */
export const mountAddress = (host: Host | undefined): string => host?.nfsAddress ?? host?.ip ?? '';

const nodeAddresses = (hosts: readonly Host[]): string[] =>
  hosts.filter(({ roles }) => roles.includes('master') || roles.includes('worker')).map(({ ip }) => ip);

function provisionerOf(
  { kind, image, name, export: path, ...given }: NonNullable<WrittenNfs['provisioner']>,
  exports: readonly NfsExport[],
  hosts: readonly Host[],
  outside: string | undefined,
): NfsProvisioner {
  const used = exports.find((entry) => entry.path === (path ?? entry.path));
  return {
    ...given,
    kind,
    image: image ?? IMAGES[kind],
    name: name ?? NAMES[kind],
    server: outside ?? mountAddress(hosts.find((host) => host.name === used?.host)),
    export: used?.path ?? path ?? '',
  };
}
