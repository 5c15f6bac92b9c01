import * as z from 'zod';
import {
  BY_RELEASE,
  envText,
  extraArgs,
  hostFolder,
  localPath,
  port,
  scalarText,
  secret,
  urlOrFolder,
  version,
  webAddress,
  withoutRoot,
  type Surroundings,
} from './fields.ts';
import { DEFAULT_VERSION } from '../default-version.ts';
import { addonsSchema } from './addons-schema.ts';
import { etcdSchema } from './etcd-schema.ts';
import { dropIns, groupSchema, hostSchema, packageNames, sysctls } from './host-schema.ts';
import { dnsSchema, networkSchema } from './network-schema.ts';
import { hooksSchema } from './hook-schema.ts';
import { keepalivedSchema } from './keepalived-schema.ts';
import { nfsSchema } from './nfs-schema.ts';
import { imageName, registry, registryEndpoint, registryLogins, registryName } from './registry-fields.ts';
import { userSchema } from './user-schema.ts';

/** The inventory as it is written, with the defaults of every field that has one of its own. */
export const inventorySchema = (surroundings: Surroundings) => {
  const group = groupSchema(surroundings);
  const ssh = group.shape.ssh.unwrap();
  return z.strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
        error: (issue) =>
          `"${String(issue.input)}" is not a name of lower-case letters, digits and - (at most 63)`,
      })
      .describe('Name of the cluster; generated files go to .k8s-bootstrap/NAME'),
    profile: z
      .enum(['secure', 'cis', 'course'])
      .default('secure')
      .describe('secure; cis: the whole benchmark; course: as taught by hand, insecure'),
    kubernetes: z
      .strictObject({
        version: version().prefault(DEFAULT_VERSION).describe('Of the components, like v1.16.15'),
        kubectl: version().optional().describe('Default: the same version'),
        controllerKubectl: z.boolean().default(false).describe('Also install kubectl on this machine'),
      })
      .prefault({})
      .describe('Which Kubernetes it is'),
    hosts: z
      .array(hostSchema(surroundings, group))
      .min(1, { error: 'at least one host is needed' })
      .describe('The machines, and what each of them is'),
    groups: z.record(z.string(), group).default({}).describe('Host settings by group name'),
    defaults: group.default({}).describe('Settings of every host'),
    ssh: ssh.default({}).describe('How to log in; groups and hosts can say otherwise'),
    network: networkSchema().prefault({}).describe('Ranges of the cluster, and how packets get around in it'),
    dns: dnsSchema().prefault({}).describe('Names in the cluster'),
    addons: addonsSchema(surroundings).describe(
      'What else belongs to the cluster, in pods or as a program on masters, by name',
    ),
    etcd: etcdSchema(surroundings, BY_RELEASE).prefault({}).describe('The store of the cluster'),
    apiServer: z
      .strictObject({
        port: port().default(6443).describe('TCP, on every master'),
        certSANs: z
          .array(envText(surroundings).transform(withoutRoot))
          .default([])
          .describe('Further names and addresses in the serving certificate'),
        endpoint: envText(surroundings)
          .transform((text) => text.replace(/\.(?=:\d+$|$)/, ''))
          .optional()
          .describe('A load balancer or name in front of the masters, host or host:port'),
        balancer: z
          .enum(['local', 'external', 'none'])
          .optional()
          .describe(
            'How nodes reach the API. local: haproxy on each; external: the endpoint; none: the first master. Default: external with an endpoint, else local with several masters',
          ),
        keepalived: keepalivedSchema(surroundings)
          .optional()
          .describe('One address for users that moves to a master that is well'),
        extraArgs: extraArgs().default({}),
      })
      .prefault({})
      .describe('kube-apiserver, and how it is reached'),
    controllerManager: component().prefault({}).describe('kube-controller-manager'),
    scheduler: component().prefault({}).describe('kube-scheduler'),
    kubelet: configuredComponent('KubeletConfiguration v1beta1')
      .extend({
        rootDir: hostFolder().optional().describe('Default: /var/lib/kubelet; never moved'),
      })
      .prefault({})
      .describe('kubelet, of every node'),
    kubeProxy: configuredComponent('KubeProxyConfiguration v1alpha1')
      .prefault({})
      .describe('kube-proxy, of every node'),
    runtime: z
      .strictObject({
        default: z
          .enum(['auto', 'docker', 'containerd'])
          .default('auto')
          .describe('auto: what the OS carries'),
        mirrors: z
          .record(registryName(), z.array(registryEndpoint(surroundings)))
          .default({})
          .describe('Registry host → mirrors, tried in order'),
        insecureRegistries: z
          .array(registry())
          .default([])
          .describe('host or host:port; with docker also ranges of addresses'),
        registries: registryLogins(surroundings)
          .default({})
          .describe('Registry host → who the nodes are there'),
        dataDir: hostFolder()
          .optional()
          .describe('Images and containers; default: the runtime’s own; never moved'),
        restrictOomScoreAdj: z
          .boolean()
          .default(false)
          .describe('containerd, where it may not lower the OOM scores of containers, as within one'),
      })
      .prefault({})
      .describe('docker or containerd, and where images come from'),
    images: z
      .strictObject({
        pause: imageName().optional().describe(`Holds the network of a pod; ${BY_RELEASE}`),
        mirrors: z
          .record(imageName(), imageName())
          .default({})
          .describe('Image → image that every node pulls in its stead and gives its name'),
        preload: localPath(surroundings)
          .optional()
          .describe(
            'Folder of archives (docker save) that every node loads: it then needs no registry for them',
          ),
      })
      .prefault({})
      .describe('Which images the nodes have from the start'),
    artifacts: z
      .strictObject({
        mirrors: z
          .array(urlOrFolder(surroundings))
          .default([])
          .describe('Web addresses or folders, tried first, in order'),
        onlyMirrors: z.boolean().default(false).describe('Ask nothing of the internet'),
        fetch: z.enum(['controller', 'host']).default('controller').describe('Who downloads'),
        checksums: localPath(surroundings)
          .optional()
          .describe('File of path: SHA-256 or SHA-512, instead of the official ones'),
        cache: localPath(surroundings)
          .optional()
          .describe(
            'Folder on this machine for what was downloaded; default: .k8s-bootstrap/cache beside the inventory',
          ),
      })
      .prefault({})
      .describe('Where binaries come from'),
    os: z
      .strictObject({
        firewall: z
          .enum(['open-ports', 'disable', 'ignore'])
          .default('open-ports')
          .describe('firewalld: open what the cluster needs, stop it, or leave it alone'),
        selinux: z
          .enum(['keep', 'permissive'])
          .default('keep')
          .describe('keep: as it is; permissive: it only tells what it would forbid'),
        swap: z
          .enum(['off', 'ignore'])
          .default('off')
          .describe('off: now and at boot, as kubelet wants it; ignore: kubelet is told to live with it'),
        packages: packageNames().default([]).describe('Further OS packages on every host'),
        sysctls: sysctls().default({}).describe('Further kernel parameters of every host, now and at boot'),
        hosts: z
          .record(z.string(), z.string())
          .default({})
          .describe('Name → address, in a block of its own in /etc/hosts'),
        hostsFromInventory: z.boolean().default(false).describe('Also the hosts of the inventory, by name'),
        timeServers: z
          .array(envText(surroundings).transform(withoutRoot))
          .default([])
          .describe('Names or addresses; chrony is set up on every host'),
        acceptDropIns: dropIns().default([]).describe('Files over units of the cluster that stay there'),
      })
      .prefault({})
      .describe('What is set up in the systems of the hosts'),
    pki: z
      .strictObject({
        keyBits: z
          .literal([2048, 3072, 4096])
          .default(2048)
          .describe('Length of RSA keys that are made from now on'),
        caKeys: z.enum(['masters', 'controller']).default('masters').describe('Where the CA keys are kept'),
        renewBeforeDays: z
          .int()
          .min(1)
          .max(364)
          .default(30)
          .describe('So many days before its end up makes a certificate anew'),
        ca: z
          .strictObject({
            cert: localPath(surroundings).describe(
              'PEM: its certificate, then those above it up to the root',
            ),
            key: localPath(surroundings).describe('PEM; may be encrypted'),
            passphrase: secret(surroundings).optional().describe('Best as ${env:NAME}; asked for without'),
          })
          .optional()
          .describe('An authority of your own that issues the certificates of the cluster'),
      })
      .prefault({})
      .describe('Keys and certificates'),
    users: z.array(userSchema(surroundings)).default([]).describe('Who gets in, beside the administrator'),
    nfs: nfsSchema(surroundings).optional().describe('Exports, and volumes on them for pods'),
    proxy: z
      .strictObject({
        http: webAddress(surroundings).optional().describe('For http://; may hold NAME:PASSWORD@'),
        https: webAddress(surroundings).optional().describe('For https://; may hold NAME:PASSWORD@'),
        noProxy: z
          .array(scalarText())
          .default([])
          .describe('Names and ranges asked directly, beside those of the cluster'),
      })
      .optional()
      .describe('Web proxy of the hosts, for packages and images'),
    hooks: hooksSchema().prefault({}).describe('Commands of yours around a run and its phases'),
    concurrency: z.int().min(1).max(1000).default(30).describe('Hosts worked on at once'),
  });
};

const component = () => z.strictObject({ extraArgs: extraArgs().default({}) });

const configuredComponent = (kind: string) =>
  z.strictObject({
    extraArgs: extraArgs().default({}),
    config: z.record(z.string(), z.unknown()).default({}).describe(`Fields of ${kind}`),
  });

export type WrittenInventory = z.output<ReturnType<typeof inventorySchema>>;
