import type { AddonList, ImageList } from './addons.ts';
import type { CertificateList, Rotated, TrustedAuthorities } from './certificates.ts';
import type {
  Adopted,
  ExplainedField,
  ExplainedFile,
  ExplainedFlag,
  ExplainedThing,
  NewInventory,
  ValidInventory,
} from './cluster.ts';
import type {
  EtcdBackup,
  EtcdDefragmentation,
  EtcdReplacement,
  EtcdRestoration,
  EtcdStatus,
} from './etcd.ts';
import type { HostStatuses, JournalEntry, TrustedHosts, Unlocked } from './hosts.ts';
import type { NodeDrained, NodeRemoved, NodeUncordoned } from './node.ts';
import type { ClusterReset } from './reset.ts';
import type { SupportArchive } from './support.ts';
import type { NfsCheck, NfsClaim, NfsRemoval, NfsStatus } from './nfs.ts';
import type {
  Identity,
  IssuedUser,
  RenderedAccess,
  RevokedUser,
  UserList,
  WrittenKubeconfig,
} from './users.ts';

/** What each question is answered with. Plain data: `--json` prints it as it is. */
export interface Answers {
  readonly 'addons-list': AddonList;
  readonly adopt: Adopted;
  readonly 'certs-list': CertificateList;
  readonly 'certs-rotate': Rotated;
  readonly 'certs-trust': TrustedAuthorities;
  readonly 'etcd-backup': EtcdBackup;
  readonly 'etcd-defrag': EtcdDefragmentation;
  readonly 'etcd-replace': EtcdReplacement;
  readonly 'etcd-restore': EtcdRestoration;
  readonly 'etcd-status': EtcdStatus;
  readonly 'explain-field': ExplainedField;
  readonly 'explain-file': ExplainedFile;
  readonly 'explain-flag': ExplainedFlag;
  readonly 'explain-thing': ExplainedThing;
  readonly 'images-list': ImageList;
  readonly init: NewInventory;
  readonly 'node-drain': NodeDrained;
  readonly 'node-remove': NodeRemoved;
  readonly 'node-uncordon': NodeUncordoned;
  readonly 'issue-user': IssuedUser;
  readonly logs: JournalEntry;
  readonly 'nfs-check': NfsCheck;
  readonly 'nfs-claim': NfsClaim;
  readonly 'nfs-remove': NfsRemoval;
  readonly 'nfs-status': NfsStatus;
  readonly reset: ClusterReset;
  readonly 'rbac-render': RenderedAccess;
  readonly status: HostStatuses;
  readonly support: SupportArchive;
  readonly trust: TrustedHosts;
  readonly unlock: Unlocked;
  readonly 'users-kubeconfig': WrittenKubeconfig;
  readonly 'users-list': UserList;
  readonly 'users-revoke': RevokedUser;
  readonly 'users-whoami': Identity;
  readonly validate: ValidInventory;
}

/** One of them, with its name. */
export type Answer<Name extends keyof Answers = keyof Answers> = {
  [One in Name]: { readonly answer: One; readonly data: Answers[One] };
}[Name];
