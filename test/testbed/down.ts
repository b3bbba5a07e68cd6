import { rm } from 'node:fs/promises';
import { Stop } from '../../tools/setup/stop.mjs';
import { stopDaemon } from './daemon-control.ts';
import { clearLeftovers, leftovers, removeContainers } from './leftovers.ts';
import { livingDaemons } from './owner.ts';
import type { Place } from './place.ts';

/** Last: what all others write to. Before it the two by which things are taken away. */
const last = ['containerd', 'kube-apiserver', 'etcd'];

/**
 * Ends everything that `up` started. Needs no binaries and no options: it goes by what runs.
 * @throws {Stop} naming what could not be removed
 */
export async function down(place: Place, purge: boolean): Promise<void> {
  const first = livingDaemons(place.daemons).filter((name) => !last.includes(name));
  // Controllers and kubelet before the containers, so that nothing starts new ones.
  await Promise.all(first.map((name) => stopDaemon(name, place, 5000)));
  await removeContainers();
  await Promise.all(['containerd', 'kube-apiserver'].map((name) => stopDaemon(name, place, 5000)));
  await stopDaemon('etcd', place, 10_000);
  await clearLeftovers(place);
  await rm(place.options, { force: true });
  if (purge) await rm(place.state, { recursive: true, force: true });
  const left = await leftovers(place);
  if (left.length > 0) throw new Stop(`these could not be removed: ${left.join(', ')}`);
}
