import type { Host, Nfs } from '../../../inventory/types.ts';
import { type StepResult, type Words, causeOf } from '../causes.ts';
import type { Answers, Problem } from './check-report.ts';
import { isListed, readEtab } from '../etab.ts';
import type { Server } from '../targets.ts';

/** Everything known while a check is judged. */
export interface Evidence {
  readonly nfs: Nfs;
  /** All nodes of the inventory, also those that were not reached. */
  readonly nodes: readonly Host[];
  readonly answers: readonly Answers[];
}

/** Whether a server exports a path, by its own table or by what it lists to a node; `undefined` when neither is known. */
export function isExported({ answers }: Evidence, server: Server, path: string): boolean | undefined {
  const own = answers.find(({ host }) => host.name === server.host)?.steps.get('self.table');
  if (own?.code === 0) return readEtab(own.said).some((one) => one.path === path);
  const lists = answers.flatMap(({ steps }) => steps.get(`s${server.id}.list`) ?? []);
  const listing = lists.find(({ code }) => code === 0);
  return listing && isListed(listing.said, path);
}

/** A problem in the words of `release/nfs-errors.yaml`. */
export function problem(
  step: string,
  { code, said }: Pick<StepResult, 'code' | 'said'>,
  place: { readonly host: string; readonly server: Server; readonly path?: string },
  more: Words = {},
): Problem {
  const { host, path } = place;
  const server = place.server.host ?? place.server.address;
  const words = { host, server, ...(path !== undefined && { path }), ...more };
  return { ...causeOf(step, { code, said }), host, step, server, path: path ?? null, said, words };
}

/** For a step that was not made, because nothing has to be said for it: what was found is the cause. */
export const found = { code: 1, said: '' };
