import { quote } from '../../kernel/quote.ts';
import { HERE, etcdctl } from '../../phases/etcd/etcdctl.ts';
import { SETTLE_SECONDS } from '../../phases/etcd/join.ts';
import { type ProcedureStep, running } from '../../run/procedure.ts';

/**
 * Takes a member out of etcd; done twice, it is no error.
 * @param donor a healthy member, which is asked for it
 */
export const memberRemoval = (donor: string, name: string, id: string): ProcedureStep => ({
  id: 'etcd-remove',
  title: `take ${name} (${id}) out of the members`,
  hosts: [donor],
  // Members that have just come have to have been connected for some seconds.
  does: running(
    `take ${name} out of the members of etcd`,
    `i=0
until said=$(${etcdctl([HERE])} member remove ${quote(id)} 2>&1); do
  case $said in *'ember not found'*) break ;; esac
  i=$((i + 2))
  [ $i -lt ${SETTLE_SECONDS} ] || { printf '%s\\n' "$said"; exit 1; }
  sleep 2
done`,
    SETTLE_SECONDS,
  ),
});
