import type { Answer, Answers } from '../../answers/answers.ts';
import { addonsListText, imagesListText } from './addons.ts';
import { adoptText } from './adopt.ts';
import { certsListText } from './certs-list.ts';
import { certsRotateText } from './certs-rotate.ts';
import { certsTrustText } from './certs-trust.ts';
import { etcdStatusText } from './etcd-status.ts';
import { etcdBackupText, etcdDefragText, etcdReplaceText, etcdRestoreText } from './etcd-work.ts';
import { explainFieldText, explainFileText, explainFlagText, explainThingText } from './explain.ts';
import type { How } from './how.ts';
import { nodeDrainText, nodeRemoveText, nodeUncordonText } from './node.ts';
import { initText, validateText } from './inventory.ts';
import { logsText } from './logs.ts';
import { nfsCheckText } from './nfs-check.ts';
import { nfsClaimText } from './nfs-claim.ts';
import { nfsRemoveText } from './nfs-remove.ts';
import { nfsStatusText } from './nfs-status.ts';
import { resetText } from './reset.ts';
import { statusText } from './status.ts';
import { supportText } from './support.ts';
import { trustText } from './trust.ts';
import { unlockText } from './unlock.ts';
import {
  issueUserText,
  rbacRenderText,
  usersKubeconfigText,
  usersListText,
  usersRevokeText,
  usersWhoamiText,
} from './users.ts';

const texts: { readonly [Name in keyof Answers]: (data: Answers[Name], how: How) => string } = {
  'addons-list': addonsListText,
  adopt: adoptText,
  'certs-list': certsListText,
  'certs-rotate': certsRotateText,
  'certs-trust': certsTrustText,
  'etcd-backup': etcdBackupText,
  'etcd-defrag': etcdDefragText,
  'etcd-replace': etcdReplaceText,
  'etcd-restore': etcdRestoreText,
  'etcd-status': etcdStatusText,
  'explain-field': explainFieldText,
  'explain-file': explainFileText,
  'explain-flag': explainFlagText,
  'explain-thing': explainThingText,
  'images-list': imagesListText,
  init: initText,
  'node-drain': nodeDrainText,
  'node-remove': nodeRemoveText,
  'node-uncordon': nodeUncordonText,
  'issue-user': issueUserText,
  logs: logsText,
  'nfs-check': nfsCheckText,
  'nfs-claim': nfsClaimText,
  'nfs-remove': nfsRemoveText,
  'nfs-status': nfsStatusText,
  'rbac-render': rbacRenderText,
  reset: resetText,
  status: statusText,
  support: supportText,
  trust: trustText,
  unlock: unlockText,
  'users-kubeconfig': usersKubeconfigText,
  'users-list': usersListText,
  'users-revoke': usersRevokeText,
  'users-whoami': usersWhoamiText,
  validate: validateText,
};

/** What a person reads of an answer, ending in a line break. */
export const answerText = <Name extends keyof Answers>({ answer, data }: Answer<Name>, how: How): string =>
  texts[answer](data, how);
