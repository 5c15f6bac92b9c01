import { nfs } from './nfs.ts';

interface Problem {
  readonly host: string;
  readonly step: string;
  readonly path: string | null;
  readonly cause: string;
  readonly says: string;
  readonly remedy: string;
}

interface Check {
  readonly well: boolean;
  readonly servers: readonly { readonly server: string; readonly missing: readonly string[] }[];
  readonly mounts: readonly {
    readonly node: string;
    readonly export: string;
    readonly result: string;
    readonly version: string | null;
    readonly milliseconds: Readonly<Record<string, number>>;
  }[];
  readonly problems: readonly Problem[];
}

/** What `nfs check v1` finds: the other nodes may have a kernel without NFS. */
export async function check(node = 'v1'): Promise<Check & { readonly code: number }> {
  const { code, found, stderr } = await nfs('check', node);
  if (!found) throw new Error(`nfs check ended with ${code}:\n${stderr}`);
  return { ...(found as Check), code };
}

export const brief = (problems: readonly Problem[]): string[] =>
  problems.map(({ host, cause, path }) => [host, cause, path ?? ''].join(' ').trim()).sort();

/** All that somebody has to know: what it is, and a remedy. */
export const told = (problems: readonly Problem[], cause: string): string =>
  problems
    .filter((problem) => problem.cause === cause)
    .map(({ says, remedy }) => `${says}: ${remedy}`)
    .join('\n');
