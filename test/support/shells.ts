import { existsSync } from 'node:fs';

export interface Shell {
  readonly name: 'bash' | 'dash';
  readonly path: string;
}

/** The shells that are `/bin/sh` somewhere: bash on the Red Hat family, dash on Debian. Those of this machine. */
export const shells: readonly Shell[] = (['bash', 'dash'] as const).flatMap((name) => {
  const path = ['/bin', '/usr/bin', '/usr/local/bin'].map((folder) => `${folder}/${name}`).find(existsSync);
  return path === undefined ? [] : [{ name, path }];
});
