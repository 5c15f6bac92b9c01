import { quote } from '../../kernel/quote.ts';
import { lastWords } from '../journal.ts';
import { revisionFile, revisionOf } from '../../probe/probers/units.ts';
import type { UnitVerb } from '../step.ts';

/** After so long, how a start ends is seen by the gates. */
const START_SECONDS = 10;
/** The exit code of timeout(1). */
const TIME_IS_UP = 124;

/**
 * A start that fails at once says why: the unit's own last lines go with the error. One that takes longer goes on by
 * itself, for it may wait for others (an etcd member for its quorum), and what a run waits for is a gate. systemd is
 * told to read its files again only when it has not: that takes it a third of a second.
 */
export function unit(verb: UnitVerb, name: string, inputs: readonly string[] | undefined): string {
  const word = quote(name);
  if (verb !== 'start' && verb !== 'restart' && verb !== 'reload')
    return `was_unit ${word}\nsystemctl ${verb} ${word}`;
  return [
    `was_unit ${word}`,
    `[ "$(systemctl show -p NeedDaemonReload ${word})" = NeedDaemonReload=no ] || systemctl daemon-reload`,
    ...(inputs ? [`printf 'K8SB_REV=%s\\n' "$(${revisionOf(inputs)})" > ${quote(revisionFile(name))}`] : []),
    `systemctl reset-failed ${word} 2>/dev/null || :`,
    'code=0',
    `timeout ${START_SECONDS} systemctl ${verb} ${word} || code=$?`,
    `[ $code -eq 0 ] || [ $code -eq ${TIME_IS_UP} ] || {`,
    `  systemctl status --no-pager -l -n 0 ${word} || :`,
    `  ${lastWords(name, 15)} || :`,
    '  exit $code',
    '}',
  ].join('\n');
}
