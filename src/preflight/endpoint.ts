import { ENDPOINT_ANSWER, endpointName } from '../phases/shared/endpoint-name.ts';
import { type Check, error, warn } from './check.ts';

export const endpointCheck: Check = {
  id: 'endpoint',
  title: 'workers know the name of the API',
  check({ world, host, seen }) {
    const name = endpointName(world.inventory, host);
    if (name === undefined || name in world.inventory.os.hosts) return []; // up brings it
    const said = seen.answer(ENDPOINT_ANSWER)?.output.trim();
    if (said === 'no') {
      return error(
        `does not know the name ${name} of apiServer.endpoint`,
        'Have it in DNS or /etc/hosts there (os.hosts), or name an address: kubelet finds the API by nothing else.',
      );
    }
    if (said !== 'unknown') return [];
    return warn(
      `could not be asked for the name ${name} of apiServer.endpoint`,
      'See "getent ahostsv4 NAME" there; without that name kubelet finds no API.',
    );
  },
};
