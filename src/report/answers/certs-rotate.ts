import type { Rotated } from '../../answers/certificates.ts';

export function certsRotateText({ what, reached, issuing, silentSeconds }: Rotated): string {
  const isKey = what === 'service-account';
  const name = isKey ? 'the key of service accounts' : `the authority "${what}"`;
  const command = `k8s-bootstrap certs ${isKey ? 'rotate-sa' : `rotate-ca ${what}`}`;
  return [
    ...howFar(reached, name, command),
    ...(issuing && reached !== 'begun'
      ? [`It is ${issuing.commonName}, until ${issuing.notAfter.slice(0, 10)}.`]
      : []),
    silentSeconds === null
      ? 'For how long no API server answered was not measured: this machine does not reach them.'
      : `No API server answered this machine for ${silentSeconds} s at most.`,
    '',
  ].join('\n');
}

function howFar(reached: Rotated['reached'], name: string, command: string): readonly string[] {
  if (reached === 'done')
    return [`Another one has taken over from ${name}, and nothing of the former is left.`];
  if (reached === 'handed-over') {
    return [
      `Another one is used in place of ${name}; the former is still believed.`,
      `When nobody needs it any more, "${command}" drops it.`,
    ];
  }
  return [
    `All hosts believe another one beside ${name}, which is still the one in use.`,
    `Hand out the kubeconfigs again (k8s-bootstrap users kubeconfig), and restart pods that ask the API server; then "${command}" goes on.`,
  ];
}
