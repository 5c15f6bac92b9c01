import type { EtcdMemberStatus, EtcdStatus } from '../../answers/etcd.ts';
import { table } from '../table.ts';
import { byteSize, count } from '../text.ts';
import type { Paint } from '../text.ts';
import type { How } from './how.ts';

/** A line for each member, then what is off. */
export function etcdStatusText({ members, quorum, problems }: EtcdStatus, { paint }: How): string {
  const { needed, healthy } = quorum;
  return [
    ...table([
      ['MEMBER', 'ROLE', 'HEALTH', 'VERSION', 'DATABASE', 'IN USE', 'BEHIND', 'ALARMS', 'ID'],
      ...members.map((member) => row(member, paint)),
    ]),
    '',
    ...problems.map((problem) => paint('yellow', problem)),
    problems.length === 0
      ? `All is well: ${healthy} of ${count(quorum.members, 'member')} healthy, and ${needed} must be.`
      : `${count(problems.length, 'problem')}.`,
    '',
  ].join('\n');
}

function row(member: EtcdMemberStatus, paint: Paint): string[] {
  const { host, peerUrl, role, healthy, version, size, lag, alarms, id } = member;
  return [
    host ?? peerUrl,
    role,
    healthy ? 'ok' : paint('red', 'not healthy'),
    version ?? '-',
    size ? byteSize(size.total) : '-',
    size?.inUse == null ? '-' : byteSize(size.inUse),
    lag === null ? '-' : String(lag),
    alarms.join(', ') || '-',
    id ?? '-',
  ];
}
