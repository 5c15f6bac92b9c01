import type { Cluster } from '../../cluster/open.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import { ROTATED } from '../../pki/contents.ts';

/** What is on the way of handing over stays where it is until somebody goes on with it. */
export function tellRotations({ emit }: Pick<RunOptions, 'emit'>, { pki }: Pick<Cluster, 'pki'>): void {
  for (const what of ROTATED) {
    const step = pki.rotation(what)?.step;
    if (step === undefined) continue;
    const [name, command] =
      what === 'service-account'
        ? ['the key of service accounts', 'rotate-sa']
        : [`the authority "${what}"`, `rotate-ca ${what}`];
    const message = `${name} is on the way of handing over to another: ${HOW_FAR[step]}. That may stay so; "k8s-bootstrap certs ${command}" goes on`;
    emit({ type: 'note', level: 'warn', message });
  }
}

const HOW_FAR = {
  begun: 'the other is believed beside it, and not used yet',
  'handed-over': 'the other is used, and the former still believed',
  dropped: 'the former is believed no more, and its key still in the state folder',
} as const;
