import type { Host } from '../../inventory/types.ts';
import { judgeCertificate } from '../../pki/judge-certificate.ts';
import { type HostFiles, type SubjectContext, filesOf, specFor } from '../../pki/profiles.ts';
import type { CertificateSpec, LeafId } from '../../pki/spec.ts';
import { certificate, certificateId } from '../../resources/certificate.ts';
import type { Resource } from '../../resources/resource.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { serviceIp, withRole } from './topology.ts';
import type { World } from '../phase.ts';

/** What certificates of a host may name. */
export function subjectOf(world: World, host: Host): SubjectContext {
  const masters = withRole(world, 'master');
  const { endpoint, certSANs } = world.inventory.apiServer;
  return {
    node: { name: host.name, ips: [host.ip] },
    masters: { names: masters.map(({ name }) => name), ips: masters.map(({ ip }) => ip) },
    serviceIp: serviceIp(world),
    clusterDomain: world.inventory.network.clusterDomain,
    endpoint: endpoint?.replace(/:\d+$/, ''),
    extraSans: certSANs,
  };
}

/** Whether a certificate will do, against the authority it should be of. */
export const judgeFor = (
  world: World,
  spec: CertificateSpec,
  pem: string | undefined,
): ReturnType<typeof judgeCertificate> =>
  judgeCertificate(pem, spec, {
    caSki: world.pki.caKeyId(spec.ca),
    caPem: world.pki.caPem(spec.ca),
    chain: world.pki.chainPem(spec.ca),
    now: world.now,
    renewBeforeDays: world.inventory.pki.renewBeforeDays,
    renewalAsked: world.renewal?.names.has(spec.id) ? world.renewal.asked : undefined,
  });

/** A component's certificate on a host, where `pki/profiles.yaml` says it lies. */
export function leaf(world: World, host: Host, id: LeafId): Resource {
  const spec = specFor(id, subjectOf(world, host));
  const files = leafFiles(id);
  return certificate({
    ...files,
    judge: (pem) => judgeFor(world, spec, pem),
    issue: async () => {
      const made = await world.pki.issue(spec);
      return { certificate: made.certificate, key: made.key.reveal() };
    },
  });
}

export const leafId = (id: LeafId): string => certificateId(leafFiles(id).certificate);

/** Both files of a certificate: what a unit's revision is computed over. */
export const leafPaths = (id: LeafId): string[] => [leafFiles(id).certificate, leafFiles(id).key];

export function leafFiles(id: LeafId): HostFiles {
  const files = filesOf(id);
  if (!files) throw new BootstrapError('E_BUG', `certificate ${id} lies on no host`);
  return files;
}
