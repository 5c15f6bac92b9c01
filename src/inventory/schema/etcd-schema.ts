import * as z from 'zod';
import { envText, extraArgs, hostFolder, localPath, version, type Surroundings } from './fields.ts';

const PARTS = ['endpoints', 'ca', 'cert', 'key'] as const;

/** The store of the cluster: members on hosts with the role `etcd`, or one that somebody else runs. */
export const etcdSchema = (surroundings: Surroundings, byRelease: string) =>
  z
    .strictObject({
      source: z
        .enum(['auto', 'package', 'archive'])
        .default('auto')
        .describe('package: from the OS; archive: the official release'),
      version: version().optional().describe(`Of the archive; ${byRelease}`),
      backup: etcdBackup().optional().describe('Snapshots that each member takes by itself'),
      extraArgs: extraArgs().default({}),
      dataDir: hostFolder().optional().describe('Default: /var/lib/etcd; never moved'),
      endpoints: z
        .array(clientUrl(surroundings))
        .min(1, { error: 'at least one address is needed' })
        .optional()
        .describe('Where an etcd answers that somebody else runs: https://host:port'),
      ca: localPath(surroundings).optional().describe('PEM: whom its servers are verified with'),
      cert: localPath(surroundings).optional().describe('PEM: the certificate of the API servers there'),
      key: localPath(surroundings).optional().describe('PEM, for nobody else to read (0600)'),
    })
    .superRefine((etcd, context) => {
      const missing = PARTS.filter((part) => etcd[part] === undefined);
      if (missing.length === 0 || missing.length === PARTS.length) return;
      for (const part of missing) {
        context.addIssue({
          code: 'custom',
          path: [part],
          message: 'missing',
          params: { hint: `An etcd of somebody else's takes all of ${PARTS.join(', ')}.` },
        });
      }
    });

const URL_OF_CLIENT = /^https:\/\/([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(\d{1,5})$/;

/** As `--etcd-servers` takes it. Without TLS whoever reaches the store has the cluster. */
const clientUrl = (surroundings: Surroundings) =>
  envText(surroundings).transform((text, context) => {
    const bare = text.replace(/\/+$/, '');
    const port = Number(URL_OF_CLIENT.exec(bare)?.[2]);
    if (port >= 1 && port <= 65_535) return bare;
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not an address like https://192.168.139.41:2379`,
      params: {
        hint: /^http:/i.test(text)
          ? 'Without TLS everybody who reaches it reads and writes all of the cluster: have it serve https.'
          : 'Write scheme, address and port; etcd listens for clients on 2379.',
      },
    });
    return z.NEVER;
  });

/** Snapshots that the members take by themselves. */
const etcdBackup = () =>
  z.strictObject({
    every: z
      .string()
      .regex(/^[1-9]\d{0,2}[mhd]$/, {
        error: (issue) => `"${String(issue.input)}" is not a time like 30m, 6h or 1d`,
      })
      .describe('30m, 6h, 1d'),
    keep: z.int().min(1).max(1000).default(8).describe('How many stay on each member'),
  });
