import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import { quote } from '../../kernel/quote.ts';
import type { Observed, Watch } from '../../probe/observe.ts';

const ANSWER = 'service-range';
const UNIT = `${paths.unitFolder}/kube-apiserver.service`;
const LINE = String.raw`s/.*--service-cluster-ip-range=\([0-9./]*\).*/\1/p`;

/** The range that the API server of a master was started with. */
export const serviceRangeWatch = ({ roles }: Host): Watch[] =>
  roles.includes('master')
    ? [
        {
          kind: 'answer',
          key: ANSWER,
          script: `[ ! -f ${quote(UNIT)} ] || sed -n ${quote(LINE)} ${quote(UNIT)} | head -n 1`,
        },
      ]
    : [];

export const startedRange = (seen: Observed): string | undefined =>
  /^\d+\.\d+\.\d+\.\d+\/\d+$/.exec(seen.answer(ANSWER)?.output.trim() ?? '')?.[0];
