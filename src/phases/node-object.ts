import type { Host } from '../inventory/types.ts';

/** API path of a host's Node object. */
export const nodePath = (host: Host): string => `/api/v1/nodes/${host.name}`;
