import { type RunOptions } from '../../../cluster/visit.ts';
import { ExitCode } from '../../../kernel/errors.ts';
import { hostsOfNfs } from '../check/nfs-check.ts';
import { visitFleet } from '../../../cluster/visit-fleet.ts';
import { statusOf } from './status-report.ts';
import { provisionerWaits } from '../provisioner.ts';
import { survey } from '../survey.ts';
import { outcome, lostIn } from '../../../cluster/visit-hosts.ts';

/** Says what is exported, to whom, who has it mounted, and how much room there is; exit code 3 when anything is off. */
export const nfsStatus = (options: RunOptions): Promise<number> =>
  visitFleet(options, hostsOfNfs, async (visit) => {
    const surveys = await survey(visit);
    const { inventory } = visit.cluster;
    const waits = await provisionerWaits(inventory, visit.fleet);
    const status = statusOf(inventory, surveys, lostIn(visit.fleet), waits);
    options.emit({ type: 'result', answer: 'nfs-status', data: status });
    const code = outcome(visit.fleet);
    return code === ExitCode.ok && !status.well ? ExitCode.attention : code;
  });
