import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

export interface Chapter {
  /** Below docs/examples/course. */
  readonly folder: string;
  readonly title: string;
  /** Numbers in the course's list. */
  readonly exercises: readonly number[];
  readonly on: 'cluster' | 'course' | 'nfs' | 'flannel' | 'masters' | 'metrics' | 'helm' | 'prometheus';
  readonly exchanged?: boolean;
}

/** Rows of `test/e2e/course.yaml`. */
export const chapters = load(
  readFileSync(new URL('../../course.yaml', import.meta.url), 'utf8'),
) as readonly Chapter[];

export const chaptersOn = (on: Chapter['on']): readonly Chapter[] =>
  chapters.filter((chapter) => chapter.on === on);
