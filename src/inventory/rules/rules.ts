import { addonsHaveTheirOwnSecrets, addonsHaveWhatTheyNeed } from './addon-rules.ts';
import {
  cgroupDriverIsLeftAlone,
  configFieldsAreKnown,
  flagsAreKnown,
  flagsHaveAnEffect,
  managedFlagsAreLeftAlone,
  versionsAreKnown,
} from './component-rules.ts';
import { dnsHasAToken, upstreamIsAnother } from './dns-rules.ts';
import { dataFoldersAreApart } from './folder-rules.ts';
import { namesOfEtcdAreFew, oneStoreIsEnough } from './etcd-rules.ts';
import { courseIsOpen, fieldsStayHardened, flagsStayHardened } from './hardening-rules.ts';
import {
  addressesAreValid,
  etcdHasAQuorum,
  hostsAreDistinct,
  jumpsLeadSomewhere,
  labelsAndTaintsAreValid,
  nodeNamesAreValid,
  thereIsAMaster,
} from './host-rules.ts';
import {
  apiServerNamesAreValid,
  apiServerPortIsItsOwn,
  balancerIsReached,
  dnsIsAService,
  endpointIsReached,
  everyNodeGetsAPodRange,
  flannelIsUsed,
  nodePortsAreARange,
  rangesAreApart,
  serviceRangeHasASize,
} from './network-rules.ts';
import { nfsAddressesAreUsed } from './nfs-address-rules.ts';
import {
  clientsDoNotCompete,
  exportedPathsAreDistinct,
  exportedPathsAreFolders,
  exportsInOthersKeepTheirMode,
  foldersCanBeEntered,
  rootIsNotTheWorlds,
} from './nfs-export-rules.ts';
import {
  mirrorsGiveAName,
  provisionerHasAToken,
  provisionerHasAnExport,
  provisionerNamesAreValid,
  volumesCanBeMounted,
} from './nfs-provisioner-rules.ts';
import { exportsHaveAServer, helpersHavePortsOfTheirOwn } from './nfs-rules.ts';
import { hooksNameHosts } from './hook-rules.ts';
import {
  vipHasWhereToGo,
  vipIsAMachines,
  vipIsFree,
  vipIsListenedOn,
  vipIsTheEndpoint,
} from './keepalived-rules.ts';
import { namesInHostsAreValid, timeServersAreValid } from './os-rules.ts';
import type { Rule } from './rule.ts';
import { mirrorsFitDocker, rangesOfRegistriesAreForDocker } from './runtime-rules.ts';
import { rolesAreMeant, tokensFitTheProfile, usersAreValid } from './user-rules.ts';

/** All rules; each looks at the whole inventory, and all of them run. */
export const rules: readonly Rule[] = [
  nodeNamesAreValid,
  addressesAreValid,
  hostsAreDistinct,
  thereIsAMaster,
  etcdHasAQuorum,
  oneStoreIsEnough,
  namesOfEtcdAreFew,
  jumpsLeadSomewhere,
  labelsAndTaintsAreValid,
  rangesAreApart,
  serviceRangeHasASize,
  dnsIsAService,
  dnsHasAToken,
  upstreamIsAnother,
  everyNodeGetsAPodRange,
  flannelIsUsed,
  nodePortsAreARange,
  apiServerNamesAreValid,
  endpointIsReached,
  balancerIsReached,
  vipIsAMachines,
  vipIsFree,
  vipIsTheEndpoint,
  vipIsListenedOn,
  vipHasWhereToGo,
  apiServerPortIsItsOwn,
  dataFoldersAreApart,
  namesInHostsAreValid,
  timeServersAreValid,
  mirrorsFitDocker,
  rangesOfRegistriesAreForDocker,
  versionsAreKnown,
  flagsAreKnown,
  flagsHaveAnEffect,
  managedFlagsAreLeftAlone,
  cgroupDriverIsLeftAlone,
  courseIsOpen,
  flagsStayHardened,
  fieldsStayHardened,
  configFieldsAreKnown,
  usersAreValid,
  rolesAreMeant,
  tokensFitTheProfile,
  exportsHaveAServer,
  nfsAddressesAreUsed,
  helpersHavePortsOfTheirOwn,
  exportedPathsAreFolders,
  exportedPathsAreDistinct,
  exportsInOthersKeepTheirMode,
  clientsDoNotCompete,
  rootIsNotTheWorlds,
  foldersCanBeEntered,
  provisionerHasAnExport,
  provisionerNamesAreValid,
  volumesCanBeMounted,
  provisionerHasAToken,
  mirrorsGiveAName,
  hooksNameHosts,
  addonsHaveWhatTheyNeed,
  addonsHaveTheirOwnSecrets,
];
