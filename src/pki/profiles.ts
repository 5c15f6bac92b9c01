import * as z from 'zod';
import { readData } from '../kernel/data.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { ONCE } from '../kernel/once.ts';
import { dnsName, ipAddress, subjectAltNames, subjectValue } from './subject-names.ts';
import { CA_IDS, LEAF_IDS } from './spec.ts';
import type { CaId, CaSpec, CertificateSpec, LeafId } from './spec.ts';

/** What a certificate may depend on: one host, and the cluster around it. */
export interface SubjectContext {
  readonly node: { readonly name: string; readonly ips: readonly string[] };
  readonly masters: { readonly names: readonly string[]; readonly ips: readonly string[] };
  /** First address of the service range. */
  readonly serviceIp: string;
  readonly clusterDomain: string;
  /** Name or address in front of the masters, without a port. */
  readonly endpoint?: string | undefined;
  readonly extraSans: readonly string[];
}

/** Where a certificate and its key lie on a host; certificates are 0644, keys 0600. */
export interface HostFiles {
  readonly certificate: string;
  readonly key: string;
  /** User and group of both files. */
  readonly owner: 'root' | 'etcd';
  /** Whether the file of the key has the certificate as well, behind the key. */
  readonly keyHoldsCertificate: boolean;
}

export type HolderRole = 'master' | 'etcd' | 'worker';

const usages = z.array(z.enum(['server', 'client']));
const path = z.string().startsWith('/');
const files = z.strictObject({
  certificate: path,
  key: path,
  owner: z.enum(['root', 'etcd']),
  keyHoldsCertificate: z.boolean().default(false),
});
const days = z.int().positive();
const minutes = z.int().nonnegative();
const sanSources = z.enum([
  'node',
  'nodeIps',
  'loopback',
  'kubernetesService',
  'serviceIp',
  'masters',
  'endpoint',
  'extra',
]);

const authority = z.strictObject({ commonName: z.string(), days, usages, files });
const certificate = z.strictObject({
  ca: z.enum(CA_IDS),
  commonName: z.string(),
  organizations: z.array(z.string()),
  usages: usages.min(1),
  sans: z.array(sanSources),
  days,
  roles: z.array(z.enum(['master', 'etcd', 'worker'])),
  files: files.optional(),
});
const schema = z.strictObject({
  backdateMinutes: z.strictObject({ ca: minutes, leaf: minutes }),
  authorities: z.record(z.enum(CA_IDS), authority),
  certificates: z.record(z.enum([...LEAF_IDS, 'user']), certificate),
});

type Profiles = z.infer<typeof schema>;
type SanSource = z.infer<typeof sanSources>;

/**
 * What the certificate `id` of one host has to look like. Pure but for the first read of the profiles.
 * @throws E_CERT_SUBJECT, E_CERT_SAN naming the value that cannot go into a certificate
 */
export function specFor(id: LeafId, subject: SubjectContext): CertificateSpec {
  const profile = profiles().certificates[id];
  const sans = profile.sans.flatMap((source) => sanValues(source, subject));
  return spec(
    id,
    profile.commonName.replace('{node}', () => subject.node.name),
    profile.organizations,
    sans,
  );
}

/**
 * What the client certificate of a person has to look like: user name and groups as Kubernetes will see them.
 * Whether a name is one a person may have is the caller's to judge.
 */
export function specForUser(name: string, groups: readonly string[], lifetimeDays?: number): CertificateSpec {
  const { commonName, ...profile } = profiles().certificates.user;
  const wanted = spec(
    'user',
    commonName.replace('{user}', () => name),
    [...profile.organizations, ...groups],
    [],
  );
  return lifetimeDays === undefined ? wanted : { ...wanted, days: lifetimeDays };
}

/** What the certificate of an authority has to look like. */
export function caSpec(id: CaId): CaSpec {
  const { commonName, days: lifetime, usages: extended } = profiles().authorities[id];
  return { id, commonName, usages: extended, days: lifetime, backdateMinutes: profiles().backdateMinutes.ca };
}

/** Where a certificate lies on the hosts that hold it; `undefined` for the administrator's, which lies on none. */
export const filesOf = (id: LeafId): HostFiles | undefined => profiles().certificates[id].files;

/** Where an authority's certificate and key lie on the masters. */
export const caFilesOf = (id: CaId): HostFiles => profiles().authorities[id].files;

/** What a certificate says of whom it is for, as the profiles have it, with `{node}` and `{user}`. */
export function issuedAs(id: LeafId | 'user'): {
  readonly subject: string;
  readonly by: CaId;
  readonly days: number;
} {
  const { ca, commonName, organizations, days: lifetime } = profiles().certificates[id];
  const subject = [...organizations.map((name) => `O=${name}`), `CN=${commonName}`].join(', ');
  return { subject, by: ca, days: lifetime };
}

/** Roles whose hosts hold a certificate. */
export const rolesOf = (id: LeafId): readonly HolderRole[] => profiles().certificates[id].roles;

/**
 * Checks profile data.
 * @throws E_PROFILES naming the key that is wrong
 */
export function parseProfiles(data: unknown): Profiles {
  const result = schema.safeParse(data, ONCE);
  if (!result.success) throw badProfiles(z.prettifyError(result.error));
  const problem = inconsistency(result.data);
  if (problem !== undefined) throw badProfiles(problem);
  return result.data;
}

let loaded: Profiles | undefined;

function profiles(): Profiles {
  loaded ??= parseProfiles(readData('pki/profiles.yaml'));
  return loaded;
}

function spec(
  id: LeafId | 'user',
  commonName: string,
  organizations: readonly string[],
  sans: readonly string[],
): CertificateSpec {
  const { ca, usages: extended, days: lifetime } = profiles().certificates[id];
  return {
    id,
    ca,
    commonName: subjectValue(commonName),
    organizations: [...new Set(organizations.map(subjectValue))],
    usages: extended,
    ...subjectAltNames(sans),
    days: lifetime,
    backdateMinutes: profiles().backdateMinutes.leaf,
  };
}

function sanValues(source: SanSource, { node, masters, ...cluster }: SubjectContext): readonly string[] {
  switch (source) {
    case 'node':
      return [dnsName(node.name)];
    case 'nodeIps':
      return node.ips.map(ipAddress);
    case 'loopback':
      return ['localhost', '127.0.0.1', '::1'];
    case 'kubernetesService': {
      const service = 'kubernetes.default.svc';
      return ['kubernetes', 'kubernetes.default', service, `${service}.${cluster.clusterDomain}`];
    }
    case 'serviceIp':
      return [ipAddress(cluster.serviceIp)];
    case 'masters':
      return [...masters.names.map(dnsName), ...masters.ips.map(ipAddress)];
    case 'endpoint':
      return cluster.endpoint === undefined ? [] : [cluster.endpoint];
    case 'extra':
      return cluster.extraSans;
  }
}

/** What a schema cannot say: rules between an authority and its certificates. */
function inconsistency({ authorities, certificates }: Profiles): string | undefined {
  for (const [id, leaf] of Object.entries(certificates)) {
    const ca = authorities[leaf.ca];
    if (leaf.days > ca.days) return `certificates.${id} would outlive its authority ${leaf.ca}`;
    if (ca.usages.length > 0 && leaf.usages.some((usage) => !ca.usages.includes(usage))) {
      return `certificates.${id} has a usage that its authority ${leaf.ca} does not allow`;
    }
    if (leaf.usages.includes('server') && leaf.sans.length === 0) {
      return `certificates.${id} is for a server and has no names (sans)`;
    }
  }
  return undefined;
}

const badProfiles = (problem: string): BootstrapError =>
  new BootstrapError('E_PROFILES', `pki/profiles.yaml is not valid: ${problem}`, {
    hint: 'Correct the file, or install this program again.',
  });
