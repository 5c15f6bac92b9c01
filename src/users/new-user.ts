import type { User } from '../inventory/types.ts';

/** A user of whom nothing is known but the name: a certificate, no groups, no rights. */
export const newUser = (name: string): User => ({
  name,
  groups: [],
  auth: 'cert',
  days: undefined,
  role: undefined,
  namespaces: ['default'],
  clusterRole: undefined,
  allowSystem: false,
  token: undefined,
});
