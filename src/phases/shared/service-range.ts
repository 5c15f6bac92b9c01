import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { takeValue, type ValueInFile } from './value-in-file.ts';

const ANSWER = 'service-range';
const RANGE: ValueInFile = {
  file: `${paths.unitFolder}/kube-apiserver.service`,
  before: '*--service-cluster-ip-range=',
  after: '[!0-9./]*',
};

/** The range that the API server of a master was started with. */
export const serviceRangeWatch = ({ roles }: Host): Watch[] =>
  roles.includes('master')
    ? [{ kind: 'answer', key: ANSWER, script: `${takeValue(RANGE)}\nprintf '%s\\n' "$k8sb_value"` }]
    : [];

export const startedRange = (seen: Observed): string | undefined =>
  /^\d+\.\d+\.\d+\.\d+\/\d+$/.exec(seen.answer(ANSWER)?.output.trim() ?? '')?.[0];
