import type { Daemon } from './daemon.ts';
import { apiServer, controllerManager, etcd, scheduler } from './daemons/control-plane.ts';
import { containerd, coredns, kubelet, versitygw } from './daemons/node.ts';
import { fluxOperator, jobset, kueue, kwok, mpiOperator } from './daemons/operators.ts';
import type { Options } from './options.ts';
import type { Place } from './place.ts';
import type { Programs } from './programs.ts';

/** Every daemon of a cluster with these options. A function of its arguments. */
export function daemonsOf(place: Place, programs: Programs, options: Options): readonly Daemon[] {
  const more = options.kwok > 0 ? [kwok(place, programs)] : [];
  return [
    etcd(place, programs),
    apiServer(place, programs, options),
    controllerManager(place, programs, options),
    scheduler(place, programs, options),
    containerd(place),
    kubelet(place, programs, options),
    coredns(place, programs),
    kueue(place, programs, options),
    jobset(place, programs),
    mpiOperator(place, programs),
    fluxOperator(place, programs),
    versitygw(place, programs),
    ...more,
  ];
}
