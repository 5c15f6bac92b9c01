import type { Inventory } from '../types.ts';

/** What takes away the plugin by which pods get the token of their ServiceAccount; nothing by default. */
export function podsHaveNoToken({ profile, apiServer }: Inventory): string | undefined {
  const given = apiServer.extraArgs['disable-admission-plugins'];
  const off = given === undefined ? (profile === 'course' ? 'ServiceAccount' : '') : (given ?? '');
  if (!off.split(',').includes('ServiceAccount')) return undefined;
  return given === undefined ? 'profile course' : 'disable-admission-plugins';
}
