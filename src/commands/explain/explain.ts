import { readFile } from 'node:fs/promises';
import { didYouMean } from '../../inventory/suggest.ts';
import { COMPONENTS } from '../../kernel/components.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import type { Release } from '../../release/release.ts';
import { type ClusterOptions, openCluster } from '../../cluster/open.ts';
import { explainFile, wantedOn } from './file-facts.ts';
import { explainFlag } from './flag-facts.ts';

/**
 * Says where a flag or a file of the hosts comes from, by what is written down alone: no host is asked.
 * @throws E_EXPLAIN when it is neither; exit code 2
 */
export async function explain(what: string, options: ClusterOptions): Promise<number> {
  const cluster = await openCluster(options);
  try {
    const wanted = wantedOn(cluster);
    if (what.startsWith('/')) {
      const facts = explainFile(wanted, what);
      if (facts.length === 0)
        throw unknownFile(what, wanted.map(({ resource }) => resource.owns ?? []).flat());
      options.emit({ type: 'result', answer: 'explain-file', data: { file: what, found: facts } });
    } else {
      const flag = what.replace(/^-+/, '').replace(/=.*$/, '');
      const { release } = cluster.world(new Map());
      const inventory = await readFile(cluster.inventory.file);
      const facts = explainFlag(flag, {
        wanted,
        inventory,
        file: options.file,
        profile: cluster.inventory.profile,
        release,
      });
      if (facts.length === 0) throw unknownFlag(flag, release);
      options.emit({ type: 'result', answer: 'explain-flag', data: { flag, found: facts } });
    }
    return ExitCode.ok;
  } finally {
    await cluster.artifacts.close();
  }
}

const unknownFile = (path: string, known: readonly string[]): BootstrapError =>
  new BootstrapError(
    'E_EXPLAIN',
    `nothing of this inventory writes ${path}${didYouMean(path, new Set(known))}`,
    {
      hint: 'What is on a host and not listed by any phase is not ours.',
      exitCode: ExitCode.usage,
    },
  );

const unknownFlag = (flag: string, release: Release): BootstrapError =>
  new BootstrapError(
    'E_EXPLAIN',
    `no component knows a flag "${flag}"${didYouMean(flag, new Set(COMPONENTS.flatMap((name) => release.flagNames(name))))}`,
    { hint: 'Write a flag by its name, or a file of a host by its whole path.', exitCode: ExitCode.usage },
  );
