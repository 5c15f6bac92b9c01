import type { Answers } from '../../../../src/answers/answers.ts';

export const addonSamples: Pick<Answers, 'addons-list' | 'images-list'> = {
  'addons-list': {
    addons: [
      {
        name: 'metrics-server',
        version: 'v0.3.6',
        on: true,
        state: 'waits',
        problem: 'pod kube-system/metrics-server-x on w1 waits (ErrImagePull: not found)',
        images: [
          { node: 'w1', image: 'example.com/metrics-server:v0.3.6', id: 'sha256:0a' },
          { node: null, image: 'example.com/metrics-server:v0.3.7', id: null },
        ],
      },
      { name: 'dashboard', version: 'v2', on: false, state: 'off', problem: null, images: [] },
    ],
    well: false,
  },
  'images-list': {
    images: [
      {
        image: 'k8s.gcr.io/pause:3.1',
        for: 'every pod',
        from: 'registry.example.com/pause:3.1',
        archive: null,
        digest: 'sha256:0a',
      },
      { image: 'k8s.gcr.io/coredns:1.6.2', for: 'coredns', from: null, archive: 'names.tar', digest: null },
    ],
  },
};
