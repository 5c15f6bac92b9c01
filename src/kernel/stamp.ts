/** A moment as names of files have it: `20260102T030405Z`. */
export const stampOf = (moment: Date): string => moment.toISOString().replaceAll(/[-:]|\.\d+/g, '');

/** `undefined` for what is no stamp, or of no day that there is. */
export function momentOf(stamp: string): Date | undefined {
  const moment = new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}
