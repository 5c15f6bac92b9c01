import { type HostFacts, factsOf, factsWatches } from '../../facts/facts.ts';
import { paths } from '../../kernel/host-paths.ts';
import { type Resource, none } from '../resource.ts';
import { setAside } from './set-aside.ts';

const ID = 'cni-order';

/**
 * Of all configurations in its folder a runtime takes the first by name: one before ours gives pods another network.
 * https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/kubelet/dockershim/network/cni/cni.go
 */
export const firstNetwork = (): Resource => ({
  id: ID,
  title: paths.cniConfig,
  watches: factsWatches(),
  diff(seen) {
    const earlier = beforeOurs(factsOf(seen));
    return earlier.length === 0
      ? none('ours is the first')
      : { kind: 'delete', summary: `${earlier.join(', ')}: the runtime takes ${earlier[0] ?? ''}, not ours` };
  },
  steps: (_change, seen) =>
    beforeOurs(factsOf(seen)).map((path) => setAside(path, 'a network configuration', ID)),
});

/** The first is the one that the runtime takes. A `?` stands for what no plain name has, and may come first. */
export const beforeOurs = ({ cniConfigs }: HostFacts): readonly string[] =>
  cniConfigs.filter((path) => path.replaceAll('?', ' ') < paths.cniBridge).toSorted();
