import type { Host } from '../../inventory/types.ts';
import { kubeconfig } from '../../pki/kubeconfig.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import type { World } from '../phase.ts';
import { apiFor } from './topology.ts';

/** Text of a kubeconfig whose certificate lies in files of its own: no secret, so its changes can be shown. */
export const hostKubeconfig = (
  world: World,
  host: Host,
  user: string,
  files: { readonly certificate: string; readonly key: string },
): string =>
  kubeconfig({
    cluster: world.inventory.name,
    server: apiFor(world, host),
    user,
    ca: { file: caFilesOf('cluster').certificate },
    certificate: { file: files.certificate, keyFile: files.key },
  });
