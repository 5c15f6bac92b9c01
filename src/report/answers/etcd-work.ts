import type {
  EtcdBackup,
  EtcdDefragmentation,
  EtcdReplacement,
  EtcdRestoration,
} from '../../answers/etcd.ts';
import { table } from '../table.ts';
import { byteSize } from '../text.ts';

export const etcdBackupText = ({ file, host, bytes, sha256, revision, keys }: EtcdBackup): string =>
  [
    ...table([
      ['File', file],
      ['Of', host],
      ['Size', byteSize(bytes)],
      ['SHA-256', sha256],
      ['Revision', `${revision}, with ${keys} keys`],
    ]),
    'It holds all objects of the cluster, Secrets too: keep it as safe as the state folder, and elsewhere.',
    '',
  ].join('\n');

export const etcdDefragText = ({ members, disarmed }: EtcdDefragmentation): string =>
  [
    ...table([
      ['MEMBER', 'BEFORE', 'AFTER'],
      ...members.map(({ host, before, after }) => [host, sizeOf(before), sizeOf(after)]),
    ]),
    '',
    ...(disarmed.length === 0 ? [] : [`Taken back: ${disarmed.join(', ')}. etcd takes writes again.`]),
    '',
  ].join('\n');

const sizeOf = (bytes: number | null): string => (bytes === null ? '-' : byteSize(bytes));

export const etcdReplaceText = ({ host, setAside, backup }: EtcdReplacement): string =>
  [
    `${host} is a member again, with what the others know.`,
    ...(setAside.length === 0 ? [] : [`Its former data lies on ${host} in ${setAside.join(', ')}.`]),
    ...(backup === null ? [] : [`The snapshot that was taken before: ${backup}.`]),
    '',
  ].join('\n');

export const etcdRestoreText = ({ file, revision, setAside, unfinished }: EtcdRestoration): string =>
  [
    `The cluster is as it was in ${file}${revision === null ? '' : `, at revision ${revision}`}.`,
    ...Object.entries(setAside).map(
      ([host, paths]) => `The former data lies on ${host} in ${paths.join(', ')}.`,
    ),
    'Pods that were made since are stopped by the kubelets, those that were deleted since are started again.',
    'Programs of your own in pods that watch the API (operators) have to be restarted: they wait for revisions that are gone.',
    ...(unfinished.length === 0
      ? []
      : [
          `${unfinished.join(', ')} ${unfinished.length === 1 ? 'was' : 'were'} installed anew: "k8s-bootstrap up" does the rest there.`,
        ]),
    '',
  ].join('\n');
