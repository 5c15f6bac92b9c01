import type { Command } from 'commander';
import { ACCEPT } from './shared/accept.ts';
import { type Cli, type GlobalOptions, inventoryFile } from './shared/context.ts';
import { hostRun } from './shared/host-run.ts';
import { reported } from './shared/run.ts';

export function registerAddons(root: Command, cli: Cli): void {
  const addons = root.command('addons').description('add-ons, in pods or on masters: list');
  const listing = addons.command('list');
  listing
    .description('every add-on: on or off, whether it does its work, which image each node has')
    .option(...ACCEPT)
    .action(async () => {
      const { listAddons } = await import('../commands/addons/list.ts');
      cli.exit(await hostRun(cli, listing, undefined, false, listAddons));
    });
}

export function registerImages(root: Command, { around, exit }: Cli): void {
  const images = root.command('images').description('images that the cluster needs: list');
  const listing = images.command('list');
  listing
    .description('every image that the inventory needs, and what is pulled in its stead; asks no host')
    .action(async () => {
      const options = listing.optsWithGlobals<GlobalOptions>();
      const file = inventoryFile(undefined, options, around.env);
      exit(
        await reported(around, options, undefined, 'images list', async ({ emit, secrets }) => {
          const { listImages } = await import('../commands/images/list.ts');
          return listImages({ file, env: around.env, emit, secrets });
        }),
      );
    });
}
