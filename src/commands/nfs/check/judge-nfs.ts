import type { CheckReport } from './check-report.ts';
import type { Evidence } from './evidence.ts';
import { judgeMounts } from './judge-mounts.ts';
import { judgeServer } from './judge-server.ts';

/** What came of a check. Pure. */
export function judgeNfs(evidence: Evidence): CheckReport {
  const onServers = evidence.answers
    .filter(({ serves }) => serves.length > 0)
    .map((answers) => judgeServer(answers, evidence));
  const onNodes = evidence.answers
    .filter(({ mounts }) => mounts.length > 0)
    .map((answers) => judgeMounts(answers, evidence));
  return {
    servers: onServers.map(({ check }) => check),
    mounts: onNodes.flatMap(({ checks }) => checks),
    problems: [...onServers, ...onNodes].flatMap(({ problems }) => problems),
  };
}
